"""What we repair and do: 17 services, their faults and jobs, and which words of five language-scripts mean them."""

from __future__ import annotations

from domain.catalog.relevance import adjacent, related_services, skill_relevance
from domain.catalog.resolve import NodeMatch, node_for, resolve_service, service_of
from domain.catalog.skills import PartUse, StandIn, get_skill, nearest_skill, parts_for, prerequisites, skills, skills_for
from domain.catalog.taxonomy import LOCALES, SERVICES, Node, Service, Skill, get_node, service_name, services

__all__ = [
    "LOCALES",
    "SERVICES",
    "Node",
    "NodeMatch",
    "PartUse",
    "Service",
    "Skill",
    "StandIn",
    "adjacent",
    "get_node",
    "get_skill",
    "nearest_skill",
    "node_for",
    "parts_for",
    "prerequisites",
    "related_services",
    "resolve_service",
    "service_name",
    "service_of",
    "services",
    "skill_relevance",
    "skills",
    "skills_for",
]
