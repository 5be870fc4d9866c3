"""Judge a run on digits: what a 3-nearest-neighbour classifier on the real digits makes of 2,000 samples.

    python benchmarks/digits.py RUN

Passes (exit 0) when every class has at least 3 % of the samples and the mean vote for the winner is at least 0.93.
"""

import sys

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from wgan import data, load

RAREST, VOTE = 0.03, 0.93


def main() -> None:
    digits = data.load("digits")
    judge = KNeighborsClassifier(3).fit(digits.rows.reshape(len(digits.rows), -1), digits.labels)
    samples = load(sys.argv[1]).sample(2000, seed=1)
    votes = judge.predict_proba(samples.reshape(2000, -1))
    shares = np.bincount(votes.argmax(1), minlength=10) / 2000
    vote = votes.max(1).mean()
    print("share of each digit: " + " ".join(f"{share:.3f}" for share in shares))
    print(f"rarest {shares.min():.3f} (at least {RAREST}), mean vote {vote:.3f} (at least {VOTE})")
    sys.exit(not (shares.min() >= RAREST and vote >= VOTE))


if __name__ == "__main__":
    main()
