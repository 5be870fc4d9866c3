"""Event files for TensorBoard beside the log of a run (the extra `tensorboard`)."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wgan.errors import WganError, install
from wgan.files.reading import explained
from wgan.runs.folder import pictures
from wgan.runs.quantities import quantity, title

if TYPE_CHECKING:
    from wgan.training.state import Training


class Board:
    """Writes each record's numbers with their descriptions, each new picture of samples, and the critic's weights."""

    def __init__(self, run: Path, step: int = 0):
        try:
            from tensorboard.compat.proto.event_pb2 import Event, SessionLog
            from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError:
            raise WganError(f"--tensorboard needs the package tensorboard; {install('tensorboard')}.") from None
        self.event, self.summary, self.histogram, self.metadata = Event, Summary, HistogramProto, SummaryMetadata
        self.run = run
        self.written = {path.name for at, path in pictures(run) if at < step}
        with explained("write", run / "tensorboard"):
            self.file = EventFileWriter(str(run / "tensorboard"))
        self.described: set[str] = set()  # The names already described: TensorBoard reads only the first description.
        # A session that starts at this step replaces what an earlier process wrote from this step on.
        restarted = SessionLog(status=SessionLog.START)
        self.file.add_event(Event(wall_time=time.time(), step=step, session_log=restarted))

    def write(self, training: "Training", record: dict[str, Any]) -> None:
        """Write one record of the loop, and the pictures since the last one."""
        at = record["step"]
        values = [
            self._scalar(name, value) for name, value in record.items() if name != "step" and not isinstance(value, str)
        ]
        if "generator_gradient" in record:  # The diagnostics were due at this step.
            numpy = training.game.engine.numpy
            values += [
                self.summary.Value(tag=f"critic/{name}", histo=self._histogram(numpy(weights)))
                for name, weights in training.state.critic.items()
            ]
        self._add(at, values)
        self._add_pictures()

    def close(self) -> None:
        """Write the last pictures and close the file, once everything is on the disk."""
        self._add_pictures()
        self.file.close()

    def _scalar(self, name: str, value: float) -> Any:
        """A number under its name, with its description the first time; "family.member" is shown in one group."""
        scalar = self.summary.Value(tag=name.replace(".", "/", 1), simple_value=value)
        if name not in self.described:
            self.described.add(name)
            one = quantity(name)
            words = f"{one.sentence} Unit: {one.unit}." if one.unit else one.sentence
            scalar.metadata.CopyFrom(self.metadata(display_name=title(name), summary_description=words))
        return scalar

    def _add(self, at: int, values: list[Any]) -> None:
        self.file.add_event(self.event(wall_time=time.time(), step=at, summary=self.summary(value=values)))

    def _add_pictures(self) -> None:
        for at, path in pictures(self.run):
            if path.name not in self.written:
                self.written.add(path.name)
                picture = self.summary.Image(encoded_image_string=path.read_bytes())
                self._add(at, [self.summary.Value(tag="samples", image=picture)])

    def _histogram(self, weights: np.ndarray) -> Any:
        weights = weights.astype(np.float64).ravel()
        counts, edges = np.histogram(weights, bins=40)
        return self.histogram(
            min=weights.min(),
            max=weights.max(),
            num=weights.size,
            sum=weights.sum(),
            sum_squares=(weights**2).sum(),
            bucket_limit=edges[1:].tolist(),
            bucket=counts.tolist(),
        )
