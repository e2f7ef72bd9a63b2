{#
    A load rebuilds what it touched: whole visits, and the days, queries and documents that hang
    on them, so that late events and changed rows end as after a full refresh. Which these are is
    written down before anything is rebuilt, because afterwards it cannot be told any more what
    stood there before; and it stays on the list until a run has built all models. So a run that
    fails, or is of some models only, loses nothing.

    Three tables beside the models keep that:
    touched_units   the list: a unit's column and its value; `load` for a load that touched them,
                    `everything` if all is to be rebuilt
    rebuilt_loads   the loads that all models have taken in
    built_files     the checksum of each file that a table was built from
#}


{% macro list_touched_units() %}
{# on-run-start: adds to the list what came since #}
{% if execute %}
    create table if not exists {{ kept('touched_units') }} (unit varchar, value varchar);
    create table if not exists {{ kept('rebuilt_loads') }} (load_id varchar);
    create table if not exists {{ kept('built_files') }} (name varchar, checksum varchar);

    {% set whole = flags.FULL_REFRESH or models_are_missing() %}
    insert into {{ kept('touched_units') }}
    select 'everything', '' where {{ 'true' if whole else files_have_changed() }}
    union all
    select 'everything', '' where {{ a_table_was_loaded_anew() }}
    except
    select unit, value from {{ kept('touched_units') }};

    insert into {{ kept('touched_units') }}
    select 'load', load_id
    from {{ source('coveo_ua', '_dlt_loads') }}
    where status = 0 and load_id not in (select load_id from {{ kept('rebuilt_loads') }})
    except
    select unit, value from {{ kept('touched_units') }};

    {% if not whole %}
    insert into {{ kept('touched_units') }}
    select unit, value from ({{ touched_by_new_loads() }}) as found where unit <> ''
    except
    select unit, value from {{ kept('touched_units') }};
    {% endif %}
{% endif %}
{% endmacro %}


{% macro get_incremental_touched_units_sql(arguments) %}
{# the strategy of the models: delete+insert, also for units of which nothing is left #}
    {% set columns = arguments['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arguments['target_relation'] }}
    where {{ context['touched_' ~ model.name]() }};

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{% endmacro %}


{% macro list_what_was_built(results) %}
{# on-run-end: clears the list if all models were built #}
{% if execute %}
    {% set built = [] %}
    {% for result in results if result.status == 'success' %}
    {% do built.append(result.node.name) %}
    {% endfor %}

    {% for name, checksum in checksums().items() if name in built %}
    delete from {{ kept('built_files') }} where name = '{{ name }}';
    insert into {{ kept('built_files') }} values ('{{ name }}', '{{ checksum }}');
    {% endfor %}

    {% if rebuilt_models() | reject('in', built) | list | length == 0 %}
    insert into {{ kept('rebuilt_loads') }}
    select value from {{ kept('touched_units') }} where unit = 'load';
    delete from {{ kept('touched_units') }};
    {% endif %}
{% endif %}
{% endmacro %}


{% macro kept(name) %}
{# one of the three tables; they stand where the timeline does #}
{% set node = graph.nodes['model.' ~ project_name ~ '.all_events'] %}
{{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=name)) }}
{% endmacro %}


{% macro former(name) %}
{# a model's table as the last run left it #}
{% set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] %}
{{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
{% endmacro %}


{% macro models_are_missing() %}
{% for name in rebuilt_models() if former(name) is none %}
{{ return(true) }}
{% endfor %}
{{ return(false) }}
{% endmacro %}


{% macro checksums() %}
{# of the files of all models and of the seed #}
{% set found = {} %}
{% for node in graph.nodes.values() if node.name in rebuilt_models() + ['search_causes'] %}
{% do found.update({node.name: node.checksum.checksum}) %}
{% endfor %}
{{ return(found) }}
{% endmacro %}


{% macro files_have_changed() %}
{# or were never built #}
    exists (
        select name, checksum
        from (
            values
            {% for name, checksum in checksums().items() %}
            ('{{ name }}', '{{ checksum }}'){{ ',' if not loop.last }}
            {% endfor %}
        ) as files (name, checksum)
        except
        select name, checksum from {{ kept('built_files') }}
    )
{% endmacro %}


{% macro a_table_was_loaded_anew() %}
{# then rows may be gone that no load tells of #}
    false
    {% for rows in loaded_tables() %}
    or (
        exists (select 1 from {{ kept('rebuilt_loads') }})
        and exists (select 1 from {{ rows }})
        and not exists (
            select 1
            from {{ rows }}
            where _dlt_load_id in (select load_id from {{ kept('rebuilt_loads') }})
        )
    )
    {% endfor %}
{% endmacro %}


{% macro everything_is_touched() %}
    exists (select 1 from {{ kept('touched_units') }} where unit = 'everything')
{% endmacro %}
