"""Methods that need no frame of Python: the class shows a function, an object a built-in method."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import pytest
import tillgate
from tillgate import InvalidArgumentError, Secret


def test_the_class_shows_a_function_with_docs_and_annotations() -> None:
    assert inspect.isfunction(Secret.reveal)
    assert str(inspect.signature(Secret.reveal)) == "(self) -> 'str'"
    assert get_type_hints(Secret.reveal) == {"return": str}
    assert inspect.getsource(Secret.reveal).count("def reveal(self) -> str:") == 1
    assert Secret.reveal.__qualname__ == "Secret.reveal"
    assert Secret.reveal(Secret("as a function")) == "as a function"
    # What tools find that look into the class itself.
    found = vars(Secret)["reveal"]
    assert callable(found)
    assert inspect.signature(found) == inspect.signature(Secret.reveal)
    assert (found.__name__, found.__annotations__) == ("reveal", Secret.reveal.__annotations__)


def test_an_object_shows_a_built_in_method_with_the_same_docs() -> None:
    reveal = Secret("x").reveal
    assert inspect.isbuiltin(reveal)
    assert reveal() == "x"
    assert inspect.getdoc(reveal) == inspect.getdoc(Secret.reveal)
    assert str(inspect.signature(reveal)) == "()"
    assert reveal.__name__ == "reveal"
    assert "'x'" not in repr(reveal)


def test_a_subclass_may_answer_in_its_own_way() -> None:
    class Padded(Secret):
        def reveal(self) -> str:
            return f"<{super().reveal()}>"

    assert Padded("x").reveal() == "<x>"


def test_nobody_else_is_asked() -> None:
    with pytest.raises(TypeError):
        Secret("x").reveal("y")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        vars(Secret)["reveal"].__get__("a text", str)
    with pytest.raises(InvalidArgumentError, match="not an object of this class"):
        Secret.__new__(Secret).reveal()


def test_an_object_stays_what_it_was_made() -> None:
    secret = Secret("first")
    secret.__init__("second")  # type: ignore[misc]
    assert secret.reveal() == "first"


def test_both_faces_have_them_too() -> None:
    faces = [getattr(tillgate, name) for name in tillgate.__all__]
    labelled = [face for face in faces if inspect.isfunction(getattr(face, "label", None))]
    assert any(face.__name__.startswith("Async") for face in labelled)
    for face in labelled:
        named = face("its name")
        assert inspect.isbuiltin(named.label)
        assert named.label() == face.label(named) == "its name"
