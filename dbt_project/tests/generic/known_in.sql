{#- Every row's `columns` exist together in model `to`: `relationships` for keys of several columns (a user or page id
    means something only within its shop). Fails with the unknown keys. -#}
{% test known_in(model, columns, to) %}
    with child as (
        select distinct {{ columns | join(', ') }}
        from {{ model }}
    )

    select child.*
    from child
    left join {{ to }} as parent
        on {% for column in columns %}child.{{ column }} = parent.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

    where parent.{{ columns[0] }} is null
{% endtest %}
