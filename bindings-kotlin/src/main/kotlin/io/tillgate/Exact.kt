package io.tillgate

import java.math.BigDecimal
import kotlin.math.abs

/** No decimal of the library has more digits before or after the point. */
private const val DIGITS_MAX = 64

/**
 * The digits of a decimal as they are, without an exponent; its scale is kept. What has more digits than the library can keep goes
 * there with its exponent, short, and is refused there as an argument that is wrong.
 */
internal fun exactText(value: BigDecimal): String =
    if (abs(value.scale().toLong()) + value.precision() > DIGITS_MAX) value.toString() else value.toPlainString()
