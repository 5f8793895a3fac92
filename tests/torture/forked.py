"""Functions in processes of their own, forked so that nothing has to be imported again."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def in_child(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function in a child; give back what it returns."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _answer(writing, function, arguments)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    worked, result = pickle.loads(answer)
    if not worked:
        raise RuntimeError(result)
    return result


def _answer(writing: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        answer = (True, function(*arguments))
    except BaseException:
        answer = (False, traceback.format_exc())
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(pickle.dumps(answer))
    os._exit(0)


def start(function: Callable[..., Any], *arguments: Any) -> int:
    """Call the function in a child that leads a process group; give back its id."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    code = 1
    try:
        function(*arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def kill_at_step(number: int) -> None:
    """From now on, let this process group die at so many steps of Python code."""
    left = number

    def count(_frame: Any, _event: str, _argument: Any) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.killpg(0, signal.SIGKILL)

    sys.setprofile(count)


def count_steps(function: Callable[..., Any], *arguments: Any) -> int:
    """How many steps of Python code a call takes."""
    steps = 0

    def count(_frame: Any, _event: str, _argument: Any) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return steps
