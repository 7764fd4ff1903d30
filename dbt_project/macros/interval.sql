{#- The days a run replaces.

    dbt build --vars '{interval_start: 2026-11-22, interval_end: 2026-11-23}'   one day (end is exclusive)
    dbt build                                                                    every day

    A run reads its days from the lake and replaces exactly these days in each incremental mart. Running it again, or
    running a past day again after late events arrived, therefore gives what a first run would have given. -#}

{#- The interval as {'start': 'YYYY-MM-DD', 'end': 'YYYY-MM-DD'}, or none for every day. Wrong values stop the run. -#}
{% macro run_interval() %}
    {%- set start = var('interval_start', none) -%}
    {%- set end = var('interval_end', none) -%}
    {%- if start is none and end is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if start is none or end is none -%}
        {{ exceptions.raise_compiler_error(
            "interval_start and interval_end belong together: got interval_start=" ~ start ~ ", interval_end=" ~ end
            ~ ". Give both (dates, end exclusive) or none.") }}
    {%- endif -%}
    {%- for value in [start, end] -%}
        {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', value | string) -%}
            {{ exceptions.raise_compiler_error(
                "interval_start and interval_end are dates like 2026-11-22, got '" ~ value ~ "'.") }}
        {%- endif -%}
    {%- endfor -%}
    {%- if (start | string) >= (end | string) -%}
        {{ exceptions.raise_compiler_error(
            "interval_end is exclusive and must be after interval_start, got [" ~ start ~ ", " ~ end ~ ").") }}
    {%- endif -%}
    {{ return({'start': start | string, 'end': end | string}) }}
{% endmacro %}

{#- SQL predicate: `column` (a date) lies in the run's interval. -#}
{% macro in_interval(column) -%}
    {%- set interval = run_interval() -%}
    {%- if interval is none -%}
        1 = 1
    {%- else -%}
        {{ column }} >= cast('{{ interval.start }}' as date) and {{ column }} < cast('{{ interval.end }}' as date)
    {%- endif -%}
{%- endmacro %}
