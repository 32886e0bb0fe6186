package io.tillgate

import com.sun.jna.Callback
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import com.sun.jna.Platform

/** Loads the native library, from the JAR or from where `jna.library.path` says. */
internal fun registerNative(functions: Class<*>, name: String) {
    try {
        Native.register(functions, name)
    } catch (error: UnsatisfiedLinkError) {
        val file = "${Platform.RESOURCE_PREFIX}/${System.mapLibraryName(name)}"
        val carried = functions.classLoader.getResource(file) != null
        val remedy = if (carried) {
            "The JAR carries it, so it could not be unpacked or is not for this system (Linux: glibc 2.17 or newer, not musl). " +
                "JNA unpacks it into the folder for temporary files; if programs may not be loaded from there, name another one " +
                "by -Djna.tmpdir=FOLDER."
        } else {
            "The JAR carries none for this platform. Build it from the sources (cargo build --release -p tillgate-uniffi) and " +
                "name its folder by -Djna.library.path=FOLDER."
        }
        throw UnsatisfiedLinkError("tillgate's native library $file cannot be loaded. $remedy JNA says: ${error.message}")
    }
}

/**
 * Lets the threads that call this back stay known to the JVM until they end, as daemons: they hold up no exit.
 */
internal fun keepCallingThreads(callback: Callback) {
    Native.setCallbackThreadInitializer(callback, CallbackThreadInitializer(true, false, "tillgate"))
}
