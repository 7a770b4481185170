-- Finds courses by the words $1, of which the last may be unfinished.
--
-- A word that no course has stands for the nearest that some have; a word that
-- only begins some stands for those. All of them must be found. First come those
-- whose code is what was asked ($2), or begins so ($2 to $3), then those whose
-- name begins with the words ($4), then those with all of them in the name, then
-- the rest; among equals the shorter name, of which the words are more. $5 is
-- the day on which they must have a price, or null, and $6 the day whose price
-- is shown. $8 and $9 are how many to answer with, and how many to pass over.
--
-- No more than $7 matches are looked at of each kind, so that a word that half
-- of all courses have costs no more than another: who typed it has to say more
-- anyway.
WITH meant AS MATERIALIZED (
	-- '~' is no word, so that it finds nothing.
	SELECT string_agg('(' || coalesce(m.any_of, '''~''') || ')', ' & ')::tsquery AS words
	FROM unnest($1::text[]) WITH ORDINALITY AS asked (word, n),
	LATERAL (
		SELECT
			EXISTS (SELECT FROM course_word w WHERE w.word = asked.word) AS whole,
			EXISTS (SELECT FROM course_word w WHERE w.word >= asked.word AND w.word < asked.word || U&'\FFFF') AS begun
	) known,
	LATERAL (
		SELECT string_agg(term, ' | ') AS any_of
		FROM (
			SELECT quote_literal(asked.word) || CASE WHEN whole AND n < cardinality($1) THEN '' ELSE ':*' END AS term WHERE begun
			UNION ALL
			(SELECT quote_literal(w.word) FROM course_word w
			 WHERE NOT begun AND length(asked.word) > 3 AND w.word % asked.word
			 ORDER BY similarity(w.word, asked.word) DESC, w.word LIMIT 5)
		) AS terms
	) m
),
named AS MATERIALIZED (
	SELECT id, 3 AS rank, name_found, code_found
	FROM meant JOIN course ON name_words @@ words
	WHERE $5::date IS NULL OR priced @> $5::date
	LIMIT $7
),
hit AS (
	(SELECT id, CASE WHEN code_found = $2 THEN 0 ELSE 1 END AS rank, name_found, code_found
	 FROM course
	 WHERE code_found BETWEEN $2 AND $3 AND ($5::date IS NULL OR priced @> $5::date)
	 ORDER BY code_found LIMIT $7)
	UNION ALL
	(SELECT id, 2, name_found, code_found
	 FROM course
	 WHERE name_found >= $4 AND name_found < $4 || U&'\FFFF' AND ($5::date IS NULL OR priced @> $5::date)
	 ORDER BY name_found LIMIT $7)
	UNION ALL
	SELECT * FROM named
	UNION ALL
	(SELECT id, 4, name_found, code_found
	 FROM meant JOIN course ON all_words @@ words
	 WHERE (SELECT count(*) FROM named) < $7 AND ($5::date IS NULL OR priced @> $5::date)
	 LIMIT $7)
),
best AS MATERIALIZED (
	SELECT DISTINCT ON (id) * FROM hit ORDER BY id, rank
),
page AS (
	SELECT id, row_number() OVER (ORDER BY rank, CASE WHEN $1 = '{}' THEN 0 ELSE length(name_found) END, name_found, code_found) AS place
	FROM best ORDER BY place LIMIT $8 OFFSET $9
)
SELECT least(t.total, $7) AS total,
	c.id, c.code, c.name, c.provider, c.subject, c.level, c.place, c.hours, c.months,
	p.id, p.pence, p.first_day, p.last_day, p.import_id, i.file_name, p.flag, p.distance, p.confirmed_by, p.confirmed_name, p.confirmed_at
FROM (SELECT count(*) AS total FROM best) t
LEFT JOIN page ON true
LEFT JOIN course c ON c.id = page.id
LEFT JOIN price p ON p.course_id = c.id AND p.first_day <= $6 AND (p.last_day IS NULL OR p.last_day >= $6)
LEFT JOIN import i ON i.id = p.import_id
ORDER BY page.place
