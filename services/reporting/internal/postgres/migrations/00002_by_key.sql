-- +goose Up

-- What facts add is worked out request by request and allowance by allowance, by
-- their keys. As lists that were joined to each other, of which the planner can't
-- know how long they are, many took far longer each than few.

-- What a line gets of pence that are spread by weight: its part and that of the
-- lines before it, rounded up, less theirs. So it is whole pence, comes to the
-- whole, and what can't be divided goes first.
CREATE FUNCTION portion(pence numeric, weight numeric, upto numeric, whole numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
    RETURN ceil(pence * upto / whole) - ceil(pence * (upto - weight) / whole);

-- The lines of a request, with the weight of each by each basis on which money is
-- spread: its price; what was granted of it; what was not; and the rest, which is
-- what was promised for it and no payment for that line has used. A basis by which
-- none weighs anything goes by price.
-- +goose StatementBegin
CREATE FUNCTION pieces(id uuid) RETURNS TABLE (basis text, line_id uuid, category text, need text, weight numeric, upto numeric, whole numeric) LANGUAGE sql STABLE AS $$
    WITH line AS (
        SELECT l.number, l.line_id, l.category, coalesce(n.category, '') AS need, l.amount_pence, l.granted_pence,
            CASE WHEN sum(l.granted_pence) OVER () > 0 THEN l.granted_pence WHEN sum(l.amount_pence) OVER () > 0 THEN l.amount_pence ELSE 1 END::numeric AS granted,
            (SELECT coalesce(sum(e.pence), 0) FROM entry e WHERE e.request_id = l.request_id AND e.kind = 'commit') AS committed,
            (SELECT coalesce(sum(e.pence), 0) FROM entry e WHERE e.request_id = l.request_id AND e.kind = 'pay' AND e.line_id = l.line_id) AS paid
        FROM request_line l LEFT JOIN need n ON n.need_id = l.need_id WHERE l.request_id = id
    ), promised AS (
        SELECT *, portion(committed, granted, sum(granted) OVER (ORDER BY number), sum(granted) OVER ()) AS promised FROM line
    ), weighed AS (
        SELECT b.basis, number, line_id, category, need,
            CASE WHEN sum(b.pence) OVER w > 0 THEN b.pence WHEN sum(amount_pence) OVER w > 0 THEN amount_pence ELSE 1 END::numeric AS weight
        FROM promised CROSS JOIN LATERAL (VALUES ('price', amount_pence), ('granted', granted),
            ('unmet', greatest(amount_pence - granted_pence, 0)), ('rest', greatest(promised - paid, 0))) b (basis, pence)
        WINDOW w AS (PARTITION BY b.basis)
    )
    SELECT basis, line_id, category, need, weight, sum(weight) OVER (PARTITION BY basis ORDER BY number), sum(weight) OVER (PARTITION BY basis) FROM weighed
$$;
-- +goose StatementEnd

-- What was spent against an allowance.
-- +goose StatementBegin
CREATE FUNCTION spent_on(id uuid) RETURNS TABLE (
    asked boolean, waits boolean, first_month date, approved bigint, committed bigint, spent bigint
) LANGUAGE sql STABLE AS $$
    SELECT bool_or(r.submitted_month IS NOT NULL), bool_or(r.state IN ('submitted', 'returned', 'challenged')),
        min(e.first_month), sum(e.approved)::bigint, sum(r.committed_pence)::bigint, sum(e.spent)::bigint
    FROM request r CROSS JOIN LATERAL (
        SELECT min(month) FILTER (WHERE kind = 'commit') AS first_month,
            coalesce(sum(CASE kind WHEN 'commit' THEN pence WHEN 'uncommit' THEN -pence END), 0) AS approved,
            coalesce(sum(CASE kind WHEN 'pay' THEN pence WHEN 'recover' THEN -pence END), 0) AS spent
        FROM entry e WHERE e.request_id = r.request_id) e
    WHERE r.allowance_id = id
$$;
-- +goose StatementEnd

-- Money is a line's if its entry names one; else it is spread over the lines, what
-- was asked by price, promised by what was granted, set free by what was not, and
-- all that happens to a promise by what is left of it. Of entries of a kind each is
-- what they come to up to it, less what they did before, so that pence that can't be
-- divided don't gather. What is still promised is the last of the rest: whatever was
-- given back or paid of no line came off before it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION contribution(ids uuid[]) RETURNS SETOF total LANGUAGE sql STABLE AS $$
    WITH r AS (
        SELECT * FROM request WHERE request_id = ANY (ids)
    ), moved AS (
        SELECT request_id, kind, CASE kind WHEN 'commit' THEN 'granted' WHEN 'release' THEN 'unmet' ELSE 'rest' END AS basis, month, pence,
            sum(pence) OVER (PARTITION BY request_id, line_id, CASE kind WHEN 'uncommit' THEN 'pay' ELSE kind END ORDER BY step, kind) AS upto,
            line_id, supplier_id, local
        FROM entry WHERE request_id = ANY (ids) AND kind <> 'hold'
        UNION ALL SELECT request_id, 'ask', 'price', submitted_month, asked_pence, asked_pence, NULL, NULL, false
        FROM r WHERE submitted_month IS NOT NULL AND asked_pence <> 0
        UNION ALL SELECT request_id, 'owe', 'rest', commit_month, committed_pence, NULL, NULL, NULL, false
        FROM r WHERE commit_month IS NOT NULL AND committed_pence <> 0
    ), spread AS (
        SELECT m.request_id, m.kind, m.month, m.supplier_id, m.local, coalesce(p.category, '') AS category, coalesce(p.need, '') AS need,
            CASE WHEN p.line_id IS NULL OR m.line_id IS NOT NULL THEN m.pence
                ELSE (portion(coalesce(m.upto, p.whole), p.weight, p.upto, p.whole)
                    - portion(coalesce(m.upto, p.whole) - m.pence, p.weight, p.upto, p.whole))::bigint END AS pence
        FROM moved m LEFT JOIN LATERAL pieces(m.request_id) p ON p.basis = m.basis AND (m.line_id IS NULL OR p.line_id = m.line_id)
    ), money AS (
        SELECT s.request_id, s.category, s.need, s.supplier_id, s.month,
            CASE WHEN kind = 'ask' THEN pence ELSE 0 END AS asked,
            CASE WHEN kind = 'commit' THEN pence ELSE 0 END AS approved,
            CASE WHEN kind = 'uncommit' THEN pence ELSE 0 END AS given_back,
            CASE WHEN kind = 'owe' THEN pence ELSE 0 END AS committed,
            CASE WHEN kind = 'pay' THEN pence ELSE 0 END AS paid,
            CASE WHEN kind = 'recover' THEN pence ELSE 0 END AS recovered,
            CASE WHEN kind = 'release' THEN pence ELSE 0 END AS released,
            CASE WHEN supplier_id IS NULL THEN 0 WHEN kind = 'pay' THEN pence WHEN kind = 'recover' THEN -pence ELSE 0 END AS supplier,
            CASE WHEN NOT local THEN 0 WHEN kind = 'pay' THEN pence WHEN kind = 'recover' THEN -pence ELSE 0 END AS local
        FROM spread s
    ), cuts AS (
        SELECT r.area, r.fund_id, m.month, c.cut, c.key, m.asked, m.approved, m.given_back, m.committed, m.paid, m.recovered, m.released, m.supplier, m.local
        FROM money m JOIN request r ON r.request_id = m.request_id
        CROSS JOIN LATERAL (VALUES ('all', ''), ('coach', r.coach_id::text), ('course', coalesce(r.course_id::text, '')),
            ('category', m.category), ('need', m.need), ('supplier', coalesce(m.supplier_id::text, ''))) c (cut, key)
        WHERE c.cut <> 'supplier' OR m.paid <> 0 OR m.recovered <> 0
    ), met AS (
        SELECT r.*, c.cut, c.key,
            r.state = 'declined' OR r.state = 'challenged' AS no, r.state NOT IN ('declined', 'challenged', 'returned') AS yes
        FROM r CROSS JOIN LATERAL (
            VALUES ('all', ''), ('coach', r.coach_id::text), ('course', coalesce(r.course_id::text, ''))
            UNION SELECT 'category', category FROM pieces(r.request_id)
            UNION SELECT 'need', need FROM pieces(r.request_id)) c (cut, key)
        WHERE r.submitted_month IS NOT NULL
    ), added AS (
        SELECT cut, area, fund_id, month, key, 0 AS requests, asked, approved AS approved_pence, given_back, committed, paid, recovered, released, supplier, local,
            0 AS decided, 0 AS approved, 0 AS declined, 0 AS automatic, 0 AS timed, 0 AS days, 0 AS late, 0 AS t0, 0 AS t1, 0 AS t2, 0 AS t5, 0 AS t10, 0 AS t20, 0 AS et, 0 AS ed
        FROM cuts
        UNION ALL
        SELECT cut, area, fund_id, submitted_month, key, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM met
        UNION ALL
        SELECT cut, area, fund_id, decided_month, key, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            1, yes::integer, no::integer, automatic::integer, (days IS NOT NULL)::integer, coalesce(days, 0), late::integer,
            coalesce(days = 0, false)::integer, coalesce(days = 1, false)::integer, coalesce(days = 2, false)::integer,
            coalesce(days BETWEEN 3 AND 5, false)::integer, coalesce(days BETWEEN 6 AND 10, false)::integer, coalesce(days BETWEEN 11 AND 20, false)::integer,
            (days IS NOT NULL AND (yes OR no))::integer, CASE WHEN yes OR no THEN coalesce(days, 0) ELSE 0 END
        FROM met WHERE decided_month IS NOT NULL
    )
    SELECT cut, area, fund_id, grain, period, key, sum(requests)::bigint, sum(asked)::bigint, sum(approved_pence)::bigint, sum(given_back)::bigint,
        sum(committed)::bigint, sum(paid)::bigint, sum(recovered)::bigint, sum(released)::bigint, sum(supplier)::bigint, sum(local)::bigint,
        sum(decided)::bigint, sum(approved)::bigint, sum(declined)::bigint, sum(automatic)::bigint, sum(timed)::bigint, sum(days)::bigint, sum(late)::bigint,
        sum(t0)::bigint, sum(t1)::bigint, sum(t2)::bigint, sum(t5)::bigint, sum(t10)::bigint, sum(t20)::bigint, sum(et)::bigint, sum(ed)::bigint
    FROM added CROSS JOIN LATERAL (VALUES ('month', month), ('year', year_of(month))) g (grain, period)
    GROUP BY cut, area, fund_id, grain, period, key
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION offered(ids uuid[]) RETURNS SETOF offer_total LANGUAGE sql STABLE AS $$
    WITH a AS (
        SELECT a.*, coalesce(s.asked, false) AS asked, s.first_month, coalesce(s.approved, 0) AS approved, coalesce(s.spent, 0) AS spent,
            coalesce(s.approved, 0) > 0 AS counts, coalesce(s.approved, 0) > 0 AND NOT coalesce(s.waits, false) AND s.committed = 0 AS settled,
            coalesce(s.spent, 0) > 0 AND NOT o.went AS instead, coalesce(s.spent, 0) <= 0 AND o.went AS went, o.started, o.sustained
        FROM allowance a CROSS JOIN LATERAL spent_on(a.allowance_id) s
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(route = 'course'), false) AS went, coalesce(bool_or(kind <> 'training'), false) AS started,
                coalesce(bool_or(kind <> 'training' AND sustained = 'sustained'), false) AS sustained
            FROM outcome_allowance b JOIN outcome o ON o.outcome_id = b.outcome_id AND NOT o.struck WHERE b.allowance_id = a.allowance_id) o
        WHERE a.allowance_id = ANY (ids)
    ), added AS (
        SELECT a.*, g.grain, g.period, g.opened, g.saved FROM a CROSS JOIN LATERAL (VALUES
            ('day', opened_on, 1, 0), ('month', date_trunc('month', opened_on)::date, 1, 0), ('month', first_month, 0, 1)) g (grain, period, opened, saved)
        WHERE g.opened = 1 OR a.counts
    )
    SELECT cut, area, grain, period, key, sum(opened)::bigint, sum(opened * (NOT asked)::integer)::bigint, sum(opened * (NOT asked)::integer * cap_pence)::bigint,
        sum(saved)::bigint, sum(saved * cap_pence)::bigint, sum(saved * approved)::bigint,
        sum(saved * settled::integer)::bigint, sum(saved * settled::integer * cap_pence)::bigint, sum(saved * settled::integer * spent)::bigint,
        sum(opened * instead::integer)::bigint, sum(opened * (instead AND started)::integer)::bigint, sum(opened * (instead AND sustained)::integer)::bigint,
        sum(opened * went::integer)::bigint, sum(opened * (went AND started)::integer)::bigint, sum(opened * (went AND sustained)::integer)::bigint
    FROM added CROSS JOIN LATERAL (VALUES ('all', ''), ('coach', coach_id::text), ('course', course_id::text)) c (cut, key)
    GROUP BY cut, area, grain, period, key
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION came(ids uuid[]) RETURNS SETOF outcome_total LANGUAGE sql STABLE AS $$
    WITH o AS (
        SELECT *, kind <> 'training' AS start FROM outcome WHERE outcome_id = ANY (ids) AND NOT struck
    ), named AS MATERIALIZED (
        SELECT o.outcome_id, b.allowance_id, (
                SELECT p.outcome_id FROM outcome_allowance c JOIN outcome p ON p.outcome_id = c.outcome_id
                WHERE c.allowance_id = b.allowance_id AND NOT p.struck AND p.kind <> 'training' AND p.route = 'instead'
                ORDER BY p.started_on, p.outcome_id LIMIT 1) = o.outcome_id AS first
        FROM o JOIN outcome_allowance b ON b.outcome_id = o.outcome_id WHERE o.start AND o.route = 'instead'
    ), cost AS (
        SELECT n.outcome_id, coalesce(sum(s.spent) FILTER (WHERE n.first), 0)::bigint AS pence
        FROM named n CROSS JOIN LATERAL spent_on(n.allowance_id) s
        GROUP BY n.outcome_id
    )
    SELECT area, started_on, kind, route, occupation_group, sum(start::integer)::bigint,
        sum((start AND sustained = 'sustained')::integer)::bigint, sum((start AND sustained = 'not-sustained')::integer)::bigint,
        sum((start AND sustained = 'open')::integer)::bigint, sum((start AND sustained = 'not-counted')::integer)::bigint, sum((NOT start)::integer)::bigint,
        coalesce(sum(c.pence), 0)::bigint, count(c.outcome_id), count(c.outcome_id) FILTER (WHERE sustained = 'sustained')
    FROM o LEFT JOIN cost c ON c.outcome_id = o.outcome_id
    GROUP BY area, started_on, kind, route, occupation_group
$$;
-- +goose StatementEnd

DROP FUNCTION spent_on(uuid[]);

-- Each day is looked up, and not all holidays read for every request.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION took(id uuid, sent date, decided date) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer FROM generate_series(sent + 1, decided, interval '1 day') d
    WHERE extract(isodow FROM d) < 6 AND NOT EXISTS (SELECT FROM holiday h WHERE h.day = d::date)
        AND NOT EXISTS (SELECT FROM question q WHERE q.request_id = id AND d::date > q.asked_on AND d::date <= coalesce(q.answered_on, decided))
$$;
-- +goose StatementEnd
