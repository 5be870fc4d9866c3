"""Shared by the tests of run folders: what the disk was asked, in order."""

import os

import pytest


@pytest.fixture
def disk_work(monkeypatch):
    """Each ("sync", inode, size) and ("rename", from, to), as they happen."""
    done = []
    for name in ("rename", "replace"):
        whole = getattr(os, name)

        def rename(source, target, whole=whole, **more):
            done.append(("rename", os.fspath(source), os.fspath(target)))
            return whole(source, target, **more)

        monkeypatch.setattr(os, name, rename)
    fsync = os.fsync

    def sync(descriptor):
        found = os.fstat(descriptor)
        done.append(("sync", found.st_ino, found.st_size))
        return fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    return done
