"""The topics on a Kafka cluster: made where they are missing, refused where they are not what the table says."""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from overheard.errors import EngineError
from overheard.log.base import Topic

# The largest batch that a topic takes. A fetch holds up to 10 MB of a page, and its envelope; a batch holds a record.
MAX_BATCH = 12 * 1024 * 1024
_DAY = 86_400_000
# A record may be compacted after a day (`overheard.log.base`) and is at the latest after five: with a day for the
# segment to be closed and one for the cleaner to come round, what was deleted is off the disk within seven.
_MIN_COMPACTION_LAG = _DAY
_MAX_COMPACTION_LAG = 5 * _DAY
_SEGMENT = _DAY
# A tombstone that has been compacted stays so much longer, for whoever looks in once a day.
_TOMBSTONE = 2 * _DAY


def topic_config(topic: Topic) -> Mapping[str, str]:
    """Return the configuration of a topic in Kafka's words."""
    policies = ["compact"] * topic.compacted + ["delete"] * (topic.retention is not None or not topic.compacted)
    config = {
        "cleanup.policy": ",".join(policies),
        "retention.ms": "-1" if topic.retention is None else str(int(topic.retention.total_seconds() * 1000)),
        "retention.bytes": "-1",
        "max.message.bytes": str(MAX_BATCH),
        "segment.ms": str(_SEGMENT),
        "message.timestamp.type": "CreateTime",
    }
    if topic.compacted:
        config |= {
            "min.compaction.lag.ms": str(_MIN_COMPACTION_LAG),
            "max.compaction.lag.ms": str(_MAX_COMPACTION_LAG),
            "delete.retention.ms": str(_TOMBSTONE),
        }
    return config


def provision(
    admin: KafkaAdminClient, topics: Mapping[str, Topic], *, servers: Sequence[str], replication: int = 0
) -> None:
    """Make the topics that are missing, and check those that are there; `topics` by their name on the cluster.

    `replication`: copies of each partition (0: the cluster's default). Raises EngineError with what was found, what is
    expected, and the command that mends it; what else kafka-python raises goes on.
    """
    try:
        _provision(admin, topics, servers, replication)
    except errors.AuthorizationError as e:
        msg = f"Kafka does not let the user of [log] see, make and describe the topics: {e}. To mend it, "
        raise EngineError(msg + _acls(topics, servers)) from e


def _acls(topics: Mapping[str, Topic], servers: Sequence[str]) -> str:
    """Return the command that gives a user what is needed on topics and groups; "*" where there is no prefix."""
    name, topic = next(iter(topics.items()))
    prefix = name.removesuffix(topic.name)
    kind, which = ("prefixed", prefix) if prefix else ("literal", "'*'")
    return (
        f"kafka-acls.sh --bootstrap-server {servers[0]} --add --allow-principal User:NAME --operation All "
        f"--resource-pattern-type {kind} --topic {which} --group {which} (NAME: [log] user, or the subject of [log] "
        "certificate; ask whoever runs the cluster)"
    )


def _provision(admin: KafkaAdminClient, topics: Mapping[str, Topic], servers: Sequence[str], replication: int) -> None:
    found = {topic["name"]: topic for topic in admin.describe_topics(list(topics))}
    unknown = [
        name for name, topic in found.items() if topic["error_code"] == errors.UnknownTopicOrPartitionError.errno
    ]
    missing = {name: topics[name] for name in topics if name in unknown or name not in found}
    if missing:
        met = _make(admin, missing, replication)
        found |= {topic["name"]: topic for topic in (admin.describe_topics(met) if met else ())}
        missing = {name: topic for name, topic in missing.items() if name not in met}
    present = {name: topic for name, topic in found.items() if name not in missing}
    for name, topic in present.items():
        if topic["error_code"]:
            raise errors.for_code(topic["error_code"])(name)
        _check_partitions(name, len(topic["partitions"]), topics[name].partitions, servers)
    _check_configs(admin, {name: topics[name] for name in present}, servers)


def _make(admin: KafkaAdminClient, missing: Mapping[str, Topic], replication: int) -> list[str]:
    """Make topics; return those that somebody else had made meanwhile."""
    specs = {
        name: {
            "num_partitions": topic.partitions,
            "replication_factor": replication or -1,
            "configs": dict(topic_config(topic)),
        }
        for name, topic in missing.items()
    }
    made = admin.create_topics(specs, raise_errors=False)
    met = []
    for topic in made["topics"]:
        error = errors.for_code(topic["error_code"])
        # Two processes that start at once both find it missing.
        if error is errors.TopicAlreadyExistsError:
            met.append(topic["name"])
        elif error is not errors.NoError:
            raise error(f"topic {topic['name']}: {topic.get('error_message') or ''}")
    admin.wait_for_topics(list(missing))
    return met


def _check_partitions(name: str, found: int, expected: int, servers: Sequence[str]) -> None:
    if found == expected:
        return
    # Equal keys must stay in one partition, so a topic that has records cannot get more partitions.
    mend = (
        f"if nothing was ever written to it: kafka-topics.sh --bootstrap-server {servers[0]} --alter --topic {name} "
        f"--partitions {expected}; else choose another [log] prefix"
        if found < expected
        else f"kafka-topics.sh --bootstrap-server {servers[0]} --delete --topic {name} (what is on it is lost), or "
        "choose another [log] prefix"
    )
    msg = f"topic {name}: expected {expected} partitions; found {found}. To mend it, {mend}"
    raise EngineError(msg)


def _check_configs(admin: KafkaAdminClient, topics: Mapping[str, Topic], servers: Sequence[str]) -> None:
    if not topics:
        return
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    described: Mapping[str, Mapping[str, Any]] = admin.describe_configs(resources, config_filter="all")["topic"]
    for name, topic in topics.items():
        config = {key: str(entry["value"]) for key, entry in described[name].items()}
        expected = topic_config(topic)
        wrong = {}
        if set(config["cleanup.policy"].split(",")) != set(expected["cleanup.policy"].split(",")):
            wrong["cleanup.policy"] = expected["cleanup.policy"]
        if int(config["max.message.bytes"]) < MAX_BATCH:
            wrong["max.message.bytes"] = expected["max.message.bytes"]
        if wrong:
            settings = ",".join(
                f"{key}=[{value}]" if "," in value else f"{key}={value}" for key, value in wrong.items()
            )
            said = "; ".join(f"expected {key}={value}, found {config[key]}" for key, value in wrong.items())
            msg = (
                f"topic {name}: {said}. To mend it, kafka-configs.sh --bootstrap-server {servers[0]} --alter "
                f"--entity-type topics --entity-name {name} --add-config {settings}"
            )
            raise EngineError(msg)
