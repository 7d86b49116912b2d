"""What a server that will be killed finds already there, so that a kill costs milliseconds."""

from tests.faults import preload, serving

assert preload
serving.warm()
