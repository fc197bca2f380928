"""``firesteel score MODEL INPUT OUTPUT``: any ONNX model over any parquet, csv or json files, once or as a stream."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firesteel._score_kept import Settings, settle
from firesteel._screen import POLL_SECONDS, Screen, Tally
from firesteel.errors import IllegalArgumentException
from firesteel.ml import Model
from firesteel.sql import Column, DataFrame, SparkSession
from firesteel.sql import functions as F
from firesteel.sql.types import ArrayType, BooleanType, NumericType, StringType, StructType

SUFFIXES = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}

#: How csv files are read unless an option says otherwise.
CSV_OPTIONS = {"header": "true", "inferSchema": "true"}


class ScoreError(ValueError):
    """What was asked does not fit the model or the input."""


@dataclass(frozen=True)
class Job:
    """What the command line of ``firesteel score`` says."""

    model: str
    input: str
    output: str
    features: Sequence[str] = ()
    outputs: Sequence[str] = ()
    schema: str | None = None
    format: str | None = None
    output_format: str = "parquet"
    mode: str = "error"
    options: dict[str, str] = field(default_factory=dict)
    stream: bool = False
    checkpoint: str | None = None
    trigger: str | None = None
    files_per_batch: int | None = None

    @property
    def checkpoint_folder(self) -> str:
        """The stream's checkpoint: what was given, or a folder beside the output."""
        return self.checkpoint or f"{self.output.rstrip('/')}.checkpoint"

    def reader_options(self, file_format: str) -> dict[str, str]:
        """Return the options for reading, the user's over ours."""
        given = {key.lower() for key in self.options}
        ours = CSV_OPTIONS if file_format == "csv" else {}
        return {key: value for key, value in ours.items() if key.lower() not in given} | self.options


def run(job: Job) -> int:
    """Score the input and return the exit status."""
    if not job.stream and (job.checkpoint or job.trigger or job.files_per_batch):
        message = "--checkpoint, --trigger and --files-per-batch need --stream"
        raise ScoreError(message)
    if job.stream and job.mode == "overwrite":
        message = "--mode overwrite does not go with --stream, which adds what is new to OUTPUT: remove OUTPUT and its checkpoint to start anew"
        raise ScoreError(message)
    model = Model.load(job.model, outputs=job.outputs or None)
    spark = SparkSession.builder.appName("firesteel score").getOrCreate()
    spark.read.text(job.input)  # an input that is not there is said to be missing, before its format is guessed
    file_format = job.format or format_of(job.input)
    kept = Settings.of_checkpoint(job.checkpoint_folder) if job.stream else None
    schema = job.schema or (kept.schema if kept else None)
    options = job.reader_options(file_format)
    if schema:
        options = without_inference(options)
    reader = spark.read.format(file_format).options(**options)
    static = (reader.schema(schema) if schema else reader).load(job.input)
    features = feature_columns(static.columns, list(model.inputs), job.features)
    if job.stream:
        settings = Settings(static.schema, features, [each.name for each in model.outputs])
        return run_stream(job, model, spark, settings, kept, file_format)
    started = time.monotonic()
    scored = score(job, static, model, features, file_format)
    scored.write.format(job.output_format).mode("errorifexists" if job.mode == "error" else job.mode).save(job.output)
    print(f"scored {job.input} in {time.monotonic() - started:.1f} s; output: {job.output}")
    return 0


def run_stream(
    job: Job, model: Model, spark: SparkSession, settings: Settings, kept: Settings | None, file_format: str
) -> int:
    """Score what has arrived since the last run; with a trigger, go on until Ctrl-C."""
    options = without_inference(job.reader_options(file_format)) | (
        {"maxFilesPerTrigger": str(job.files_per_batch)} if job.files_per_batch else {}
    )
    arriving = spark.readStream.format(file_format).schema(settings.schema).options(**options).load(job.input)
    checkpoint = job.checkpoint_folder
    writer = (
        score(job, arriving, model, settings.features, file_format)
        .writeStream.format(job.output_format)
        .option("checkpointLocation", checkpoint)
        .trigger(**({"processingTime": job.trigger} if job.trigger else {"availableNow": True}))
    )
    settle(checkpoint, settings, kept)
    query = writer.start(job.output)
    screen, tally = Screen(), Tally(query)
    try:
        with screen.drawing():
            while query.isActive:
                time.sleep(POLL_SECONDS)
                if tally.update() and tally.rows and screen.due():
                    screen.draw(f"{tally.rows:>12,} rows  {tally.text()}", [])
            query.awaitTermination()  # raises what made it fail
            tally.update()
    finally:
        query.stop()
    if tally.rows:
        screen.draw(f"{tally.rows:>12,} rows  {tally.text()}", [])
    else:
        screen.say("nothing new had arrived")
    screen.say(f"output: {job.output}; checkpoint: {checkpoint}")
    return 0


def without_inference(options: dict[str, str]) -> dict[str, str]:
    """Return the options for a reader that is given its schema."""
    return {key: value for key, value in options.items() if key.lower() != "inferschema"}


def format_of(path: str) -> str:
    """Return the format that the names of the input's files tell."""
    place = Path(path)
    candidates: Iterable[Path] = sorted(place.rglob("*")) if place.is_dir() else [place]
    for candidate in candidates:
        inner = candidate.with_suffix("") if candidate.suffix in (".gz", ".zst", ".bz2") else candidate
        if candidate.name[:1] not in "._" and inner.suffix.lower() in SUFFIXES:
            return SUFFIXES[inner.suffix.lower()]
    message = f"the format of {path} cannot be told from its file names: give --format parquet, csv or json"
    raise ScoreError(message)


def score(job: Job, data: DataFrame, model: Model, features: Sequence[str], file_format: str) -> DataFrame:
    """Return the data with its predictions; a column of a type that the model does not take is named."""
    try:
        return with_predictions(data, model, features)
    except IllegalArgumentException as error:
        found = misfit(data.schema, list(model.inputs), features)
        if not found or file_format == "parquet":
            raise
        hint = f"; one value that is no number makes a {file_format.upper()} column text: give --schema"
        raise ScoreError(found if job.schema else found + hint) from error


def misfit(schema: StructType, inputs: Sequence[Any], features: Sequence[str]) -> str | None:
    """Return which column has a type that its input does not take, or None if each may fit."""
    for feature, taker in zip(features, inputs if len(inputs) > 1 else [*inputs] * len(features), strict=True):
        kind = schema[feature].dataType
        fitting = (StringType,) if taker.type == "string" else (NumericType, BooleanType)
        if not isinstance(kind, (*fitting, ArrayType, StructType)):
            return (
                f"the model's input {taker.name!r} takes {taker.type} values, and the column {feature!r} is a "
                f"{kind.simpleString().upper()}"
            )
    return None


def with_predictions(data: DataFrame, model: Model, features: Sequence[str]) -> DataFrame:
    """Return the data with one more column for each output of the model."""
    outputs = [each.name for each in model.outputs]
    taken = {name.lower() for name in data.columns}
    clash = [name for name in outputs if name.lower() in taken]
    if clash:
        message = f"the input already has a column {clash[0]!r}, as an output of the model is called"
        raise ScoreError(message)
    call = model.udf()(*[column(name) for name in features])
    own = [column(name) for name in data.columns]
    if len(outputs) == 1:
        return data.select(*own, call.alias(outputs[0]))
    unused = next(name for name in iter_names("prediction") if name not in taken)
    scored = data.withColumn(unused, call)
    return scored.select(*own, *[column(unused).getField(name).alias(name) for name in outputs])


def iter_names(stem: str) -> Iterable[str]:
    """Return endless names that begin with the stem."""
    number = 0
    while True:
        yield f"{stem}{number or ''}"
        number += 1


def column(name: str) -> Column:
    """Return the column of exactly this name, dots and all."""
    return F.col("`" + name.replace("`", "``") + "`")


def feature_columns(columns: Sequence[str], inputs: Sequence[Any], features: Sequence[str]) -> list[str]:
    """Return the columns to give to the model, in the order of its inputs.

    Parameters
    ----------
    columns
        The columns of the data.
    inputs
        The inputs of the model, each with a ``name`` and a ``shape``.
    features
        What the user named: columns or patterns, in order. Empty: find each input's column by the input's name.

    Returns
    -------
    list of str
        One column for each input, or, for a model with one input, all columns that make up its rows.

    Raises
    ------
    ScoreError
        If a name is not in the data, or the columns do not fit the inputs; the message says what is there.
    """
    if features:
        named = [name for feature in features for name in matching(feature.strip(), columns)]
        if len(inputs) > 1 and len(named) != len(inputs):
            message = f"--features names {len(named)} columns, the model has {len(inputs)} inputs: {names_of(inputs)}"
            raise ScoreError(message)
        return named
    found = []
    for each in inputs:
        alike = [name for name in columns if name == each.name] or [
            name for name in columns if name.lower() == each.name.lower()
        ]
        if len(alike) != 1:
            width = next((size for size in reversed(each.shape) if isinstance(size, int)), None)
            several = f", which takes {width} values a row" if width and width > 1 else ""
            message = (
                f"no column is named as the model's input {each.name!r}{several}; the columns are "
                f"{', '.join(columns)}; name the model's columns, in order, with --features a,b,c or --features 'f*'"
            )
            raise ScoreError(message)
        found.append(alike[0])
    return found


def matching(feature: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that one name or pattern means."""
    if feature in columns:
        return [feature]
    found = [name for name in columns if fnmatch.fnmatchcase(name.lower(), feature.lower())]
    if not found:
        message = f"--features names {feature!r}, and the columns are {', '.join(columns)}"
        raise ScoreError(message)
    return found


def names_of(inputs: Sequence[Any]) -> str:
    """Return the inputs' names as a list in text."""
    return ", ".join(each.name for each in inputs)
