{#- Incremental strategy `interval`: within dbt's transaction delete the run's days, insert them anew.

    dbt's own delete+insert deletes only keys that are present in the new rows, so a day that became empty, or a page
    that vanished from a day, would survive. Microbatch deletes by range too, but runs one statement pair per day.
    The model selects only rows of the interval: `where {{ in_interval('event_date') }}`. -#}
{% macro get_incremental_interval_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set day = config.get('interval_column', 'event_date') -%}

    delete from {{ target }} where {{ in_interval(day) }};

    insert into {{ target }} ({{ columns }})
    (
        select {{ columns }}
        from {{ arg_dict['temp_relation'] }}
    )
{% endmacro %}
