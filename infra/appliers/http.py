"""HTTP APIs of API Gateway. Their ids are given by AWS: a resource is found again by what names it."""

from __future__ import annotations

from typing import Any

from infra.template import Applied

from .base import Context, Properties, found_or_none, matches


def api(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::ApiGatewayV2::Api``, found by its name."""
    gateway = context.client("apigatewayv2")
    definition = wanted.pick("Name", "Description", "CorsConfiguration")
    protocol, tags = wanted["ProtocolType"], wanted.tag_map()
    live = _find(gateway.get_apis(MaxResults="500"), Name=definition["Name"])
    done = "unchanged"
    if live is None:
        live, done = gateway.create_api(ProtocolType=protocol, Tags=tags, **definition), "created"
    elif not matches(definition, live):
        live, done = gateway.update_api(ApiId=live["ApiId"], **definition), "updated"
    return Applied(live["ApiId"], {"ApiEndpoint": live["ApiEndpoint"], "ApiId": live["ApiId"]}, done)


def integration(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::ApiGatewayV2::Integration``, found by the function it calls."""
    gateway, api_id = context.client("apigatewayv2"), wanted["ApiId"]
    definition = wanted.pick("IntegrationType", "IntegrationUri", "PayloadFormatVersion")
    live = _find(gateway.get_integrations(ApiId=api_id), IntegrationUri=definition["IntegrationUri"])
    if live is None:
        live = gateway.create_integration(ApiId=api_id, **definition)
        return Applied(live["IntegrationId"], done="created")
    if matches(definition, live):
        return Applied(live["IntegrationId"])
    gateway.update_integration(ApiId=api_id, IntegrationId=live["IntegrationId"], **definition)
    return Applied(live["IntegrationId"], done="updated")


def route(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::ApiGatewayV2::Route``, found by its key."""
    gateway, api_id = context.client("apigatewayv2"), wanted["ApiId"]
    definition = wanted.pick("RouteKey", "AuthorizationType", "Target")
    live = _find(gateway.get_routes(ApiId=api_id), RouteKey=definition["RouteKey"])
    if live is None:
        return Applied(gateway.create_route(ApiId=api_id, **definition)["RouteId"], done="created")
    if matches(definition, live):
        return Applied(live["RouteId"])
    gateway.update_route(ApiId=api_id, RouteId=live["RouteId"], **definition)
    return Applied(live["RouteId"], done="updated")


def stage(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::ApiGatewayV2::Stage``."""
    gateway = context.client("apigatewayv2")
    place = wanted.pick("ApiId", "StageName")
    definition = wanted.pick("AutoDeploy", "DefaultRouteSettings", "AccessLogSettings")
    live = found_or_none(gateway.get_stage, "NotFoundException", **place)
    if live is None:
        gateway.create_stage(**place, **definition, Tags=wanted.tag_map())
        return Applied(place["StageName"], done="created")
    wanted.tags()
    if matches(definition, live):
        return Applied(place["StageName"])
    gateway.update_stage(**place, **definition)
    return Applied(place["StageName"], done="updated")


def _find(answer: dict[str, Any], **marks: str) -> dict[str, Any] | None:
    return next((item for item in answer["Items"] if matches(marks, item)), None)
