"""The EndpointSlice controller: keeps the pods behind each Service in slices of at most a hundred endpoints."""
