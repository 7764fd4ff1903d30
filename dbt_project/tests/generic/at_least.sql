{#- `column_name` is never below `value`; NULL passes (not_null is its own test). Fails with the rows. -#}
{% test at_least(model, column_name, value) %}
    select *
    from {{ model }}
    where {{ column_name }} < {{ value }}
{% endtest %}
