{#
    A load touches whole visits, and through them days and weeks. All of these units are rebuilt, so
    that late events and changed rows give the same tables as a full refresh. Touched visits and days
    are listed before anything is rebuilt, because the former ones are unknown afterwards. They stay
    on the list until a run has built all models. So nothing is lost when a run fails, or builds only
    some of the models.

    Three tables next to the models hold the state:
    dbt_touched_units   the list: `visit_id` or `day` and a visit or day; or `load` and the id of a
                        load that touched some; or `everything` if all models are to be rebuilt in
                        full
    dbt_rebuilt_loads   the loads that all models have consumed
    dbt_built_files     the checksum of the file that each table was built from
#}


{% macro list_touched_units() %}
{# on-run-start: adds the units that new loads touch to the list #}
{% if execute and not only_looks() %}
    create table if not exists {{ state_table('dbt_touched_units') }} (unit varchar, value varchar);
    create table if not exists {{ state_table('dbt_rebuilt_loads') }} (load_id varchar);
    create table if not exists {{ state_table('dbt_built_files') }} (name varchar, checksum varchar);

    {% set in_full = flags.FULL_REFRESH or models_are_missing() %}
    insert into {{ state_table('dbt_touched_units') }}
    select 'everything', '' where {{ 'true' if in_full else files_have_changed() }}
    union all
    select 'everything', '' where {{ a_table_was_loaded_anew() }}
    except
    select unit, value from {{ state_table('dbt_touched_units') }};

    insert into {{ state_table('dbt_touched_units') }}
    select 'load', load_id
    from {{ source('coveo_ua', '_dlt_loads') }}
    where status = 0 and load_id not in (select load_id from {{ state_table('dbt_rebuilt_loads') }})
    except
    select unit, value from {{ state_table('dbt_touched_units') }};

    {% if not in_full %}
    insert into {{ state_table('dbt_touched_units') }}
    select unit, value from ({{ touched_by_new_loads() }}) as touched where unit <> ''
    except
    select unit, value from {{ state_table('dbt_touched_units') }};
    {% endif %}
{% endif %}
{% endmacro %}


{% macro get_incremental_touched_units_sql(arguments) %}
{# the incremental strategy: delete+insert that also deletes units which have no rows any more #}
    {% set columns = arguments['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arguments['target_relation'] }}
    where {{ context['touched_' ~ model.name]() }};

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{% endmacro %}


{% macro list_what_was_built(results) %}
{# on-run-end: clears the list if all models were built #}
{% if execute and not only_looks() %}
    {% set built = [] %}
    {% for result in results if result.status == 'success' %}
    {% do built.append(result.node.name) %}
    {% endfor %}

    {% for name, checksum in checksums().items() if name in built %}
    delete from {{ state_table('dbt_built_files') }} where name = '{{ name }}';
    insert into {{ state_table('dbt_built_files') }} values ('{{ name }}', '{{ checksum }}');
    {% endfor %}

    {% if rebuilt_models() | reject('in', built) | list | length == 0 %}
    insert into {{ state_table('dbt_rebuilt_loads') }}
    select value from {{ state_table('dbt_touched_units') }} where unit = 'load';
    delete from {{ state_table('dbt_touched_units') }};
    {% endif %}
{% endif %}
{% endmacro %}


{% macro only_looks() %}
{# true for `dbt source freshness`, which may be run before there is anything to list #}
{{ return(flags.WHICH == 'freshness') }}
{% endmacro %}


{% macro state_table(name) %}
{# one of the three state tables, in the schema of the timeline #}
{% set node = graph.nodes['model.' ~ project_name ~ '.all_events'] %}
{{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=name)) }}
{% endmacro %}


{% macro previous(name) %}
{# a model's table from the last run; none if it does not exist #}
{% set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] %}
{{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
{% endmacro %}


{% macro complete_removed_rows() %}
{# the rows that were removed; none if the table does not exist yet, as right after an update #}
{% set table = source('coveo_ua', 'removed_rows') %}
{# adapter.get_relation would leave a transaction open here, and what is listed would be lost #}
{% set found %}
    select 1
    from information_schema.tables
    where table_schema = '{{ table.schema }}' and table_name = '{{ table.identifier }}'
{% endset %}
{% if run_query(found) | length > 0 %}
{{ table }}
{% else %}
(
    select cast(null as varchar) as row_key, cast(null as varchar) as _dlt_load_id
    where false
)
{% endif %}
{% endmacro %}


{% macro models_are_missing() %}
{# true if a model has no table yet #}
{% for name in rebuilt_models() if previous(name) is none %}
{{ return(true) }}
{% endfor %}
{{ return(false) }}
{% endmacro %}


{% macro checksums() %}
{# the checksum of each file of a model or seed #}
{% set by_name = {} %}
{% for node in graph.nodes.values() if node.name in rebuilt_models() + seeds() %}
{% do by_name.update({node.name: node.checksum.checksum}) %}
{% endfor %}
{{ return(by_name) }}
{% endmacro %}


{% macro files_have_changed() %}
{# condition: the file of a table has changed since the table was built, or the table is new #}
    exists (
        select name, checksum
        from (
            values
            {% for name, checksum in checksums().items() %}
            ('{{ name }}', '{{ checksum }}'){{ ',' if not loop.last }}
            {% endfor %}
        ) as files (name, checksum)
        except
        select name, checksum from {{ state_table('dbt_built_files') }}
    )
{% endmacro %}


{% macro a_table_was_loaded_anew() %}
{# condition: a table was dropped and loaded anew, so rows may be gone that no load mentions #}
    false
    {% for rows in loaded_tables() %}
    or (
        exists (select 1 from {{ state_table('dbt_rebuilt_loads') }})
        and exists (select 1 from {{ rows }})
        and not exists (
            select 1
            from {{ rows }}
            where _dlt_load_id in (select load_id from {{ state_table('dbt_rebuilt_loads') }})
        )
    )
    {% endfor %}
{% endmacro %}


{% macro everything_is_touched() %}
{# condition: all models are to be rebuilt in full #}
    exists (select 1 from {{ state_table('dbt_touched_units') }} where unit = 'everything')
{% endmacro %}
