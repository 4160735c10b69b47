"""JSONPath: templates read into steps, and the steps walked.

Used by kubectl's output and by the columns of custom resources. Follows k8s.io/client-go/util/jsonpath.
"""
