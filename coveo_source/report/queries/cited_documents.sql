-- The documents that people opened or looked at as sources of generated answers, in the weeks that
-- touch the period. A document without a title was looked at and never opened.
select
    max(document_title) as document_title,
    max(source_name) as source_name,
    cast(sum(citations) as bigint) as citations,
    cast(sum(visits) as bigint) as visits,
    cast(sum(citation_hovers) as bigint) as citation_hovers

from cited_documents
where week >= {first_week} and week < {end} and document_id <> ''
group by document_id
having sum(visits) >= {least_visits}
order by citations desc, citation_hovers desc, document_id
limit 50
