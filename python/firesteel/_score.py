"""``firesteel score MODEL INPUT OUTPUT``: an ONNX model over files, once or as a stream."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from firesteel._score_columns import ScoreError, ddl, feature_columns, lasting, misfit, numeric
from firesteel._score_kept import Settings, Written, local, newest, settled
from firesteel._screen import POLL_SECONDS, Screen, Tally
from firesteel.errors import AnalysisException, IllegalArgumentException, StreamingQueryException
from firesteel.ml import Model
from firesteel.sql import Column, DataFrame, DataFrameReader, SparkSession
from firesteel.sql import functions as F

SUFFIXES = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}

#: How csv files are read unless an option says otherwise. A header that differs from the schema is
#: an error.
CSV_OPTIONS = {"header": "true", "inferSchema": "true", "enforceSchema": "false"}

#: The ways to treat a row that does not fit.
MODES = ("PERMISSIVE", "DROPMALFORMED", "FAILFAST")

#: A hint spells no more columns than this.
SPELLED = 12


@dataclass(frozen=True)
class Job:
    """The arguments of ``firesteel score``."""

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
        """The stream's checkpoint, by default a folder beside the output."""
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
    if job.stream and job.mode != "error":
        message = f"--mode {job.mode} does not go with --stream, whose OUTPUT is its own: remove OUTPUT and its checkpoint to start anew"
        raise ScoreError(message)
    mode = next((value for key, value in job.options.items() if key.lower() == "mode"), "PERMISSIVE")
    if mode.upper() not in MODES:
        message = f"--option mode must be one of {', '.join(MODES)}, found {mode!r}"
        raise ScoreError(message)
    model = Model.load(job.model, outputs=job.outputs or None)
    spark = SparkSession.builder.appName("firesteel score").getOrCreate()
    spark.read.text(job.input)  # a missing input raises here, before its format is guessed
    file_format = job.format or format_of(job.input, schema=job.schema)
    kept = check_stream(job) if job.stream else None
    schema = job.schema or (kept.schema if kept else None)
    options = job.reader_options(file_format)
    if schema:
        options = without_inference(options)
    reader = spark.read.format(file_format).options(**options)
    static = load(reader.schema(schema) if schema else reader, job.input)
    if not schema and file_format == "csv" and static.isEmpty():
        raise no_rows(job.input)
    features = feature_columns(static.columns, list(model.inputs), job.features)
    if job.stream:
        found = not job.schema and (kept.found if kept else file_format != "parquet")
        columns = static.schema if schema or not found else lasting(static.schema, list(model.inputs), features)
        settings = Settings(columns, features, [each.name for each in model.outputs], found)
        return run_stream(job, model, spark, settings, kept, file_format)
    started = time.monotonic()
    scored = score(job, static, model, features, file_format)
    write(job, scored)
    print(f"scored {job.input} in {time.monotonic() - started:.1f} s; output: {job.output}")
    return 0


def run_stream(
    job: Job, model: Model, spark: SparkSession, settings: Settings, kept: Settings | None, file_format: str
) -> int:
    """Score the files that have arrived since the last run. With a trigger, go on until Ctrl-C."""
    options = without_inference(job.reader_options(file_format)) | (
        {"maxFilesPerTrigger": str(job.files_per_batch)} if job.files_per_batch else {}
    )
    if settings.found and not any(key.lower() == "mode" for key in options):
        options["mode"] = "FAILFAST"  # these types were only found: a value that does not fit must not become null
    arriving = spark.readStream.format(file_format).schema(settings.schema).options(**options).load(job.input)
    checkpoint = job.checkpoint_folder
    writer = (
        score(job, arriving, model, settings.features, file_format)
        .writeStream.format(job.output_format)
        .option("checkpointLocation", checkpoint)
        .trigger(**({"processingTime": job.trigger} if job.trigger else {"availableNow": True}))
    )
    with settled(checkpoint, settings, kept):
        query = writer.start(job.output)
    screen, tally = Screen(), Tally(query)
    if settings.found and not kept:
        screen.say(f"types found in the files: {ddl(settings.schema)} (--schema sets others)")
    try:
        with screen.drawing():
            while query.isActive:
                time.sleep(POLL_SECONDS)
                if tally.update() and tally.rows and screen.due():
                    screen.draw(f"{tally.rows:>12,} rows  {tally.text()}", [])
            query.awaitTermination()  # raises the error of the query
            tally.update()
    except StreamingQueryException as error:
        if why := unfit(error, settings):
            raise why from error
        raise
    finally:
        query.stop()
    if tally.rows:
        screen.draw(f"{tally.rows:>12,} rows  {tally.text()}", [])
    else:
        screen.say("nothing new had arrived")
    screen.say(f"output: {job.output}; checkpoint: {checkpoint}")
    return 0


def check_stream(job: Job) -> Settings | None:
    """Return the settings that bind this run, or refuse its output and checkpoint.

    The two must belong together. If the output has another query's batches, the engine says so when
    the query starts.
    """
    written = Written.find(job.checkpoint_folder, job.output)
    output = local(job.output)
    if written.done > written.logged:
        message = (
            f"the checkpoint {job.checkpoint_folder} has scored rows that are not in {job.output}, and will not score them again: give the "
            "OUTPUT that it wrote, or another --checkpoint to score everything anew"
        )
        raise ScoreError(message)
    if (
        max(written.begun, written.logged) < 0
        and output.is_dir()
        and any(path.name[0] not in "._" for path in output.iterdir())
    ):
        message = (
            f"{job.output} has files already, which would be hidden by the log of a stream, and the checkpoint {job.checkpoint_folder} has no "
            "batch yet: give another OUTPUT"
        )
        raise ScoreError(message)
    return Settings.of_checkpoint(job.checkpoint_folder) if written.logged >= 0 else None


def write(job: Job, scored: DataFrame) -> None:
    """Write a batch, and leave no empty folder behind if it fails."""
    if job.mode != "error" and newest(local(job.output) / "_spark_metadata") >= 0:
        message = f"{job.output} is what a stream writes, whose log would hide rows from elsewhere: give another OUTPUT"
        raise ScoreError(message)
    output = local(job.output)
    was_there = output.exists()
    try:
        scored.write.format(job.output_format).mode("errorifexists" if job.mode == "error" else job.mode).save(
            job.output
        )
    except BaseException:
        if not was_there and output.is_dir() and not any(output.iterdir()):
            output.rmdir()
        raise


def no_rows(path: str) -> ScoreError:
    """Return the error for an input without rows."""
    return ScoreError(
        f"{path} has no rows yet in which to find the columns: give --schema, such as 'id BIGINT, age FLOAT'"
    )


def load(reader: DataFrameReader, path: str) -> DataFrame:
    """Return the rows of the input, or say what helps if its columns cannot be found yet."""
    try:
        return reader.load(path)
    except AnalysisException as error:
        if error.getCondition() != "UNABLE_TO_INFER_SCHEMA":
            raise
        raise no_rows(path) from error


def unfit(error: StreamingQueryException, settings: Settings) -> ScoreError | None:
    """Return the remedy for a row that does not fit the types of the first files.

    Return None if the query failed otherwise.
    """
    why = str(error.__cause__)
    if not (settings.found and "[MALFORMED_RECORD_IN_PARSING" in why):
        return None
    return ScoreError(
        f"a row does not fit the types that the first files had, {ddl(settings.schema)}: mend it, run again with --option "
        f"mode=PERMISSIVE to have null for what does not fit, or begin another OUTPUT with --schema. {why}"
    )


def without_inference(options: dict[str, str]) -> dict[str, str]:
    """Return the options for a reader that is given its schema."""
    return {key: value for key, value in options.items() if key.lower() != "inferschema"}


def format_of(path: str, schema: str | None = None) -> str:
    """Return the format that the names of the input's files have."""
    place = local(path)
    candidates: Iterable[Path] = sorted(place.rglob("*")) if place.is_dir() else [place]
    for candidate in candidates:
        inner = candidate.with_suffix("") if candidate.suffix in (".gz", ".zst", ".bz2") else candidate
        if candidate.name[:1] not in "._" and inner.suffix.lower() in SUFFIXES:
            return SUFFIXES[inner.suffix.lower()]
    message = f"the format of {path} cannot be told from its file names: give --format parquet, csv or json"
    if not schema and place.is_dir() and not any(place.iterdir()):
        message += ", and --schema, such as 'id BIGINT, age FLOAT', as it has no files yet"
    raise ScoreError(message)


def score(job: Job, data: DataFrame, model: Model, features: Sequence[str], file_format: str) -> DataFrame:
    """Return the data with its predictions, or name a column that the model does not take."""
    try:
        return with_predictions(data, model, features)
    except IllegalArgumentException as error:
        found = misfit(data.schema, list(model.inputs), features)
        if not found or file_format == "parquet":
            raise
        hint = (
            f"; a value that is no number, or no value at all, makes a {file_format.upper()} column text: give --schema"
        )
        if len(data.columns) <= SPELLED:
            hint += f" '{ddl(numeric(data.schema, list(model.inputs), features))}'"
        raise ScoreError(found if job.schema else found + hint) from error


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
