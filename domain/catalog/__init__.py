"""What we repair and do: 17 services, their faults and jobs, and which words of five language-scripts mean them."""

from __future__ import annotations

from domain.catalog.relevance import adjacent, related_services, skill_relevance
from domain.catalog.resolve import NodeMatch, node_for, resolve_service, service_of
from domain.catalog.taxonomy import LOCALES, SERVICES, Node, Service, get_node, service_name, services

__all__ = [
    "LOCALES",
    "SERVICES",
    "Node",
    "NodeMatch",
    "Service",
    "adjacent",
    "get_node",
    "node_for",
    "related_services",
    "resolve_service",
    "service_name",
    "service_of",
    "services",
    "skill_relevance",
]
