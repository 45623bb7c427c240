"""The sample world: a fictional firm, who talks about it where, and a tiny server on loopback that serves it."""

from overheard.sample.config import write_config
from overheard.sample.server import SampleServer
from overheard.sample.world import World, make_world

__all__ = ["SampleServer", "World", "make_world", "write_config"]
