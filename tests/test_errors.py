"""What every error has in common."""

import pickle

from wgan.errors import LONGEST, WganError


def test_a_sentence_that_is_too_long_loses_its_middle():
    whole = WganError("a" * LONGEST)
    assert str(whole) == "a" * LONGEST
    cut = str(WganError("begin " + "a" * LONGEST + " end; do this."))
    assert len(cut) <= LONGEST
    assert cut.startswith("begin a")
    assert cut.endswith("a end; do this.")
    assert " ... " in cut
    assert str(pickle.loads(pickle.dumps(WganError("x")))) == "x"  # workers of a study send it
