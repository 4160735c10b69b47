"""The endpoints controller: keeps, for each Service with a selector, an Endpoints object with its pods' addresses and
ports.
"""
