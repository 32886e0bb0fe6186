"""What is missing turns the judge red, and so do docs that are missing or are those of something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from items import declarations, header, kotlin, rust
from items.item import Item, plain
from items.verdict import Known, compare, only_in_rust

CORE = [
    Item("object", "Till", "Sells through gateways."),
    Item("method", "Till.buy", "Places an order. Errors: `Late`."),
]


def failures(*items: Item, **known: Any) -> int:
    return len(compare(CORE, "C", list(items), Known(**known)))


def test_a_whole_list_is_not_red() -> None:
    assert failures(*CORE) == 0
    assert failures(*CORE, Item("function", "more", "")) == 0


def test_what_is_missing_is_red_unless_it_is_known() -> None:
    assert failures(CORE[0]) == 1
    assert failures(CORE[0], without={"Till.buy": "no reason"}) == 0
    assert failures(*CORE, without={"Till.buy": "no reason"}) == 1


def test_docs_that_are_missing_or_of_something_else_are_red() -> None:
    assert failures(CORE[0], Item("method", "Till.buy", "")) == 1
    other = Item("method", "Till.buy", "Places an order. Errors: `Late`, and others.")
    assert failures(CORE[0], other) == 1
    assert failures(CORE[0], other, own_docs={"Till.buy": "no reason"}) == 0
    assert failures(*CORE, own_docs={"Till.buy": "no reason"}) == 1


def test_docs_that_name_kinds_of_error_as_rust_does_are_red() -> None:
    core = [Item("error", "TillgateError.too_late", "As `TooLate`.")]
    for said, failed in [("TooLateError", 0), ("TooLate", 1), ("TillgateError::TooLate", 1)]:
        item = Item("error", "TillgateError.too_late", f"As `{said}`.")
        assert len(compare(core, "C", [item], Known())) == failed


def test_what_a_language_adds_is_known_or_red() -> None:
    more = Item("method", "Till.buy", f"{CORE[1].doc} Free it.")
    assert failures(CORE[0], more) == 1
    assert failures(CORE[0], more, own_ends=["Free it"]) == 0
    assert failures(CORE[0], Item("method", "Till.buy", "Places an order."), own_ends=["Free it"]) == 1


def test_what_only_rust_has_is_known_or_red() -> None:
    names = [item.name for item in CORE]
    assert only_in_rust(CORE, names, {}) == []
    assert len(only_in_rust(CORE, names[1:], {})) == 1
    assert len(only_in_rust(CORE, [*names, "Till.rob", "Thief"], {"Till.*": "no reason"})) == 1
    assert len(only_in_rust(CORE, names, {"Thief": "no reason"})) == 1


def test_rustdoc_is_read(tmp_path: Path) -> None:
    pages = {
        "all.html": '<a href="../tillgate/index.html"><a href="struct.Till.html"><a href="fn.version.html">'
        '<a href="orders/enum.State.html"><a href="orders/adapter/trait.Adapter.html">',
        "struct.Till.html": '<span id="structfield.id"><section id="method.buy" class="method">'
        '<h2 id="trait-implementations"><section id="method.clone" class="method">',
        "orders/enum.State.html": '<section id="variant.NotSent" class="variant">',
        "orders/adapter/trait.Adapter.html": '<section id="tymethod.submit" class="method">',
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert list(rust.names(tmp_path)) == [
        *["Till", "Till.id", "Till.buy", "version", "State", "State.not_sent"],
        *["adapter.Adapter", "adapter.Adapter.submit"],
    ]


def test_names_may_be_spelled_as_the_language_does() -> None:
    core = [Item("record", "Order", "Is `Till.buy`'s answer.")]
    for doc, failed in [("Is `tg_till_buy`'s answer.", 0), ("Is its answer.", 1)]:
        assert len(compare(core, "C", [Item("record", "Order", doc)], Known())) == failed


def test_docs_are_read_in_any_comment() -> None:
    assert plain(" * Places 10.5 of\n * it.\n *\n * And more.\n") == "Places 10.5 of it. And more."


def test_a_header_is_read() -> None:
    text = """
/** A till. */
typedef struct tg_till tg_till;
/** How it stands. */
typedef int32_t tg_order_state;
/** Not yet. */
#define TG_ORDER_STATE_NOT_SENT 1
/** Too late. */
#define TG_ERROR_TOO_LATE 17
/** Where it stands. */
typedef struct {
    /** How many. */
    uint64_t open_orders;
} tg_till_status;
/** Tells how it stands. */
int32_t tg_till_get_status(const tg_till *handle, tg_till_status **out, tg_error **error);
/** Sells. */
int32_t tg_till_buy(const tg_till *handle, tg_error **error);
/** Mints. */
int32_t tg_new_id(char **out, tg_error **error);
"""
    assert {(item.name, item.doc) for item in header.items(text)} == {
        ("Till", "A till."),
        ("OrderState", "How it stands."),
        ("OrderState.not_sent", "Not yet."),
        ("TillgateError.too_late", "Too late."),
        ("TillStatus", "Where it stands."),
        ("TillStatus.open_orders", "How many."),
        ("Till.status", "Tells how it stands."),
        ("Till.buy", "Sells."),
        ("new_id", "Mints."),
    }


def test_declarations_are_read(tmp_path: Path) -> None:
    (tmp_path / "till.d.ts").write_text(
        """
/** Where it stands. */
export type OrderState =
  /** Not yet. */
  | 'not-sent'
  /** Whatever else. */
  | (string & {})

/** How it stands. */
export interface TillStatus {
  /**
   * How many, each
   * counted. And more.
   */
  openOrders?: number | null | undefined
  bare: string
}

/** Too late. */
export class TooLateError extends TillgateError {
  readonly code: 'too_late'
}

/** A till. */
export class Till {
  private constructor()
  /** Opens it. */
  static open(config: TillConfig): Promise<Till>
  lookUp(id: string): Promise<Order>
}

/** A secret. */
export class Secret {
  constructor(text: string)
}

/** Mints one. */
export function newId(): string
"""
    )
    assert [(item.kind, item.name, item.doc) for item in declarations.items(tmp_path)] == [
        ("class", "OrderState", "Where it stands."),
        ("value", "OrderState.not_sent", "Not yet."),
        ("class", "TillStatus", "How it stands."),
        ("field", "TillStatus.open_orders", "How many, each counted. And more."),
        ("field", "TillStatus.bare", ""),
        ("error", "TillgateError.too_late", "Too late."),
        ("class", "Till", "A till."),
        ("method", "Till.open", "Opens it."),
        ("method", "Till.look_up", ""),
        ("class", "Secret", "A secret."),
        ("method", "Secret.new", "A secret."),
        ("function", "new_id", "Mints one."),
    ]


def test_kotlin_is_read() -> None:
    text = """
/** A till. */
public interface TillInterface {
    /** Sells. */
    suspend fun `buy`(`order`: NewOrder): Order
}
/**
 * A till. And more.
 */
open class Till: Disposable, AutoCloseable, TillInterface
{
    /**
     * @suppress
     */
    constructor(noHandle: NoHandle) {
    /** Makes one. */
    constructor(`config`: TillConfig) :
    fun undocumented() {}
    /** Closes. */
    @Throws(TillgateException::class)
    @Suppress("X")
    override suspend fun `shutDown`() {
}
/**
 * @suppress
 */
public object FfiConverterTypeTill {
    /** Not core's. */
    val `plumbing`: Int = 0
}
/** Where it stands. */
data class TillStatus (
    /** How many. */
    val `openOrders`: kotlin.ULong
)
/** How it stands. */
enum class OrderState(val value: kotlin.UShort) {
    /** Not yet. */
    NOT_SENT(1u),
}
/** Why. */
sealed class FailureReason {
    /** Refused it. */
    object ByIssuer : FailureReason()
}
/** All that. */
sealed class TillgateException: kotlin.Exception() {
    /** Too late. */
    class TooLate(
}
/** @suppress */
public object FfiConverterTypeTillgateError {
}
        /** Mints. */
    @Throws(TillgateException::class) fun `newId`(): kotlin.String {
"""
    assert {(item.name, item.doc) for item in kotlin.items(text)} == {
        ("Till", "A till. And more."),
        ("Till.new", "Makes one."),
        ("Till.close", "Closes."),
        ("TillStatus", "Where it stands."),
        ("TillStatus.open_orders", "How many."),
        ("OrderState", "How it stands."),
        ("OrderState.not_sent", "Not yet."),
        ("FailureReason", "Why."),
        ("FailureReason.by_issuer", "Refused it."),
        ("TillgateError", "All that."),
        ("TillgateError.too_late", "Too late."),
        ("new_id", "Mints."),
    }
