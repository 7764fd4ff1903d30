{#- Schemas are part of the platform's contract with its readers (grants, dashboards): `+schema: marts` means marts,
    not <target schema>_marts. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
