"""Ctrl-C and SIGTERM: a run ends at once and tidies up, or, when it is committing, not at all."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Turn the first ending signal into KeyboardInterrupt and remember it in the list.

    Libraries turn the exception into one of their own; the list says what it was. A second signal
    is ignored: what tidies up is not to be parted from its end.
    """
    came: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        for one in handled:
            signal.signal(one, signal.SIG_IGN)
        came.append(number)
        raise KeyboardInterrupt

    handled = _handled()
    before = {one: signal.signal(one, end) for one in handled}
    try:
        yield came
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore ending signals: what happens here belongs together."""
    before = {one: signal.signal(one, signal.SIG_IGN) for one in _handled()}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def put_off() -> Iterator[None]:
    """Let ending signals wait until this is done."""
    came: list[int] = []
    before = {one: signal.signal(one, lambda n, _: came.append(n)) for one in _handled()}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        if came:
            signal.raise_signal(came[0])


def _handled() -> list[signal.Signals]:
    """The signals that may be handled here: not those that the caller (nohup) has turned off, nor
    those that C code handles; outside the main thread none.
    """
    if threading.current_thread() is not threading.main_thread():
        return []
    return [one for one in ENDING if signal.getsignal(one) not in (signal.SIG_IGN, None)]
