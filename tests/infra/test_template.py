from __future__ import annotations

import pytest

from infra.template import Applied, Resolver, TemplateError, resources_in_order

VALUES = {"AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012", "Size": "3"}
APPLIED = {"Queue": Applied("http://queue", {"Arn": "arn:queue"})}


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "Size"}, "3"),
        ({"Ref": "Queue"}, "http://queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue"),
        ({"Fn::GetAtt": "Queue.Arn"}, "arn:queue"),
        ({"Fn::Join": [":", ["a", {"Ref": "Size"}, "b"]]}, "a:3:b"),
        (
            {"Fn::Sub": "${AWS::Region}/${Queue.Arn}/${Queue}/${!literal}"},
            "eu-west-1/arn:queue/http://queue/${literal}",
        ),
        ({"Fn::Sub": ["${own}-${Size}", {"own": {"Ref": "AWS::AccountId"}}]}, "123456789012-3"),
        ({"Fn::Select": [1, ["a", {"Ref": "Size"}]]}, "3"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "Size"}]}, {"b": ["3"]}),
        ({"Ref": "Size", "and": "more"}, {"Ref": "Size", "and": "more"}),
    ],
)
def test_intrinsic_functions_become_their_values(value: object, resolved: object) -> None:
    assert Resolver(VALUES, APPLIED).resolve(value) == resolved


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue is not supported"),
        ({"Ref": "Nowhere"}, "Nowhere"),
        ({"Fn::GetAtt": ["Queue", "Color"]}, "no attribute Color; known: Arn"),
    ],
)
def test_what_cannot_be_resolved_is_named(value: object, complaint: str) -> None:
    with pytest.raises(TemplateError, match=complaint):
        Resolver(VALUES, APPLIED).resolve(value)


def test_resources_come_after_those_they_need() -> None:
    template = {
        "Resources": {
            "A": {"Type": "x", "Properties": {"p": {"Fn::Sub": "${B.Arn}"}}},
            "B": {"Type": "x", "DependsOn": "C", "Properties": {}},
            "C": {"Type": "x", "Properties": {"p": [{"Fn::Join": ["", [{"Ref": "D"}]]}]}},
            "D": {"Type": "x", "Properties": {"p": {"Ref": "AWS::Region"}}},
        }
    }
    assert resources_in_order(template) == ["D", "C", "B", "A"]


def test_circles_and_unknown_names_are_refused() -> None:
    circle = {"Resources": {"A": {"DependsOn": "B"}, "B": {"DependsOn": ["A"]}}}
    with pytest.raises(TemplateError, match="circle"):
        resources_in_order(circle)
    with pytest.raises(TemplateError, match="A refers to Z"):
        resources_in_order({"Resources": {"A": {"DependsOn": "Z"}}})
