{#- `column_name` is never `value`. Fails with the rows. -#}
{% test never(model, column_name, value) %}
    select *
    from {{ model }}
    where {{ column_name }} = '{{ value }}'
{% endtest %}
