{#- Tests on large facts say `where: __interval__` and so look only at the days of this run (dbt's own hook for
    test filters; a YAML `where` cannot call a macro). -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if not where -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set where = where | replace('__interval__', in_interval('event_date')) -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') as dbt_subquery') }}
{%- endmacro %}
