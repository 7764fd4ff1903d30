{#- What a generic test looks at (dbt's own hook). A relation described with a column event_date is tested on the days of
    the run, so the cost of tests follows new data, not history. A test that must see every day says so with a filter
    of its own, if need be `where: "1 = 1"`. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if not where and execute and has_event_date(relation) -%}
        {%- set where = in_interval('event_date') -%}
    {%- endif -%}
    {%- if not where or where == '1 = 1' -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') as dbt_subquery') }}
{%- endmacro %}

{% macro has_event_date(relation) -%}
    {%- for node in graph.nodes.values() | list + graph.sources.values() | list -%}
        {%- if node.relation_name == relation | string -%}
            {{ return('event_date' in node.columns) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
