"""The console: the workspace page and the websocket behind it.

`view` says what browsers are shown of an object, `messages` what they may say, `consumers` joins both to the sandboxes'
gateway. It computes no Kubernetes state and touches no cluster: all of that is behind the gateway.
"""
