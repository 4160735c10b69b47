"""The controllers: each brings one part of the world closer to what the API objects ask for.

One package a controller, started by the cluster from `registry.CONTROLLERS`. A controller reads through informers,
writes through its client, and says what it decided through `trace.note`. It must not import another controller or call
one: they meet only through API objects. What several need is in `common/` and `history/`, which import no controller.
"""
