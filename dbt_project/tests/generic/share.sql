{#- `column_name` is a share between 0 and 1; NULL (nothing to divide by) passes. Fails with the rows. -#}
{% test share(model, column_name) %}
    select *
    from {{ model }}
    where {{ column_name }} < 0 or {{ column_name }} > 1
{% endtest %}
