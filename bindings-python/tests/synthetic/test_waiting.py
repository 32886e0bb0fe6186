"""Waiting holds up nobody else, and ends when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
import tillgate
from tillgate import AsyncProbe, Inner, Probe, ProbeConfig

# Longer than any test run: who waits for its end has failed.
FOREVER_MS = 3_600_000


def run(program: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own, to see how it ends."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_ctrl_c_ends_the_wait(probe: Probe) -> None:
    # A run in the background of a shell begins with the signal ignored, and Python then leaves it so.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        interrupt_a_wait(probe)
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt_a_wait(probe: Probe) -> None:
    begun = threading.Event()

    def interrupt() -> None:
        begun.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        begun.set()
        probe.wait(FOREVER_MS)
    thread.join()
    assert probe.wait(1) == 1


def test_other_threads_run_meanwhile(probe: Probe) -> None:
    results = []
    threads = [threading.Thread(target=lambda ms=ms: results.append(probe.wait(ms))) for ms in (300, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [1, 300]
    assert results[0] == 1


def test_a_waiting_daemon_thread_does_not_disturb_the_end_of_the_process() -> None:
    ended = run(f"""
        import threading, tillgate
        probe = tillgate.Probe(tillgate.ProbeConfig(name="x"))
        for _ in range(4):
            threading.Thread(target=probe.wait, args=({FOREVER_MS},), daemon=True).start()
        probe.wait(60)
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_many_waits_in_one_loop() -> None:
    async def gather() -> list[int]:
        probe = await AsyncProbe.open("x")
        return await asyncio.gather(*(probe.wait(number % 7) for number in range(500)))

    assert asyncio.run(gather()) == [number % 7 for number in range(500)]


def test_cancelling_a_task_ends_the_wait_alone() -> None:
    async def cancel() -> None:
        probe = await AsyncProbe.open("x")
        task = asyncio.create_task(probe.wait(FOREVER_MS))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(probe.wait(FOREVER_MS), 0.01)
        assert await probe.wait(1) == 1

    asyncio.run(cancel())


def test_a_loop_that_is_closed_first_is_no_trouble() -> None:
    ended = run("""
        import asyncio, tillgate
        async def main():
            global task
            probe = await tillgate.AsyncProbe.open("x")
            task = asyncio.ensure_future(probe.wait(100))
            await asyncio.sleep(0)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        task._log_destroy_pending = False
        loop.close()
        tillgate.Probe(tillgate.ProbeConfig(name="x")).wait(200)
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_process_ends_while_work_goes_on() -> None:
    ended = run(f"""
        import asyncio, tillgate
        async def main():
            probe = await tillgate.AsyncProbe.open("x")
            waits = [asyncio.ensure_future(probe.wait(n)) for n in ({FOREVER_MS}, 1, 20)]
            await asyncio.wait(waits, timeout=0.01)
        asyncio.run(main())
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_loop_after_the_exit_handlers_still_works() -> None:
    ended = run("""
        import asyncio, atexit
        async def main():
            probe = await tillgate.AsyncProbe.open("x")
            print(await probe.wait(5))
        atexit.register(lambda: asyncio.run(main()))
        import tillgate
        asyncio.run(main())
    """)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "5\n5\n", "")


def test_two_loops_in_two_threads() -> None:
    async def count() -> list[Inner]:
        probe = await AsyncProbe.open("x")
        return [item async for item in probe.events()]

    results: list[list[Inner]] = []
    threads = [threading.Thread(target=lambda: results.append(asyncio.run(count()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[Inner(label="event", count=n) for n in range(3)]] * 2


def test_a_stream_is_iterated(probe: Probe) -> None:
    assert [item.count for item in probe.events()] == [0, 1, 2]
    stream = probe.events()
    assert isinstance(stream, tillgate.ProbeStream)
    assert next(iter(stream)).count == 0


def test_without_a_loop_there_is_a_clear_error() -> None:
    coroutine = AsyncProbe(ProbeConfig(name="x")).ten()
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)


def test_an_async_object_is_a_context() -> None:
    async def use() -> None:
        async with await AsyncProbe.open("x") as probe:
            assert await probe.wait(0) == 0
        with pytest.raises(tillgate.ClosedError):
            probe.events()

    asyncio.run(use())
