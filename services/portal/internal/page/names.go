package page

import (
	"context"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/api/reporting"
)

// byWords are what figures are broken down by.
var byWords = map[reporting.By]string{
	reporting.ByMonth: "Month", reporting.ByArea: "Area", reporting.ByFund: "Fund", reporting.ByCategory: "What it was for",
	reporting.ByNeed: "Need", reporting.ByCoach: "Work coach", reporting.BySupplier: "Supplier", reporting.ByCourse: "Course replaced",
	reporting.ByKind: "What began", reporting.ByRoute: "Route", reporting.ByOccupation: "Occupation",
}

// noneWords are what is left when something belongs to nothing of a breakdown.
var noneWords = map[reporting.By]string{
	reporting.BySupplier: "Not to a supplier", reporting.ByOccupation: "Not said", reporting.ByNeed: "Not known", reporting.ByCourse: "Not known",
}

// occupationWords are the major groups of the Standard Occupational Classification
// 2020, by their number.
var occupationWords = map[string]string{
	"1": "Managers, directors and senior officials", "2": "Professional occupations", "3": "Associate professional occupations",
	"4": "Administrative and secretarial occupations", "5": "Skilled trades occupations", "6": "Caring, leisure and other service occupations",
	"7": "Sales and customer service occupations", "8": "Process, plant and machine operatives", "9": "Elementary occupations",
}

// mostNames is how many names funding is asked for at once.
const mostNames = 100

// namesOf says what each key of a breakdown is called. Reporting knows ids; what
// has a name has it from funding.
func (d Deps) namesOf(ctx context.Context, by reporting.By, keys []string) (map[string]string, error) {
	names := make(map[string]string, len(keys))
	var ids []uuid.UUID
	for _, key := range keys {
		names[key] = knownName(by, key)
		switch by {
		case reporting.ByFund, reporting.ByCoach, reporting.BySupplier, reporting.ByCourse:
			if id, err := uuid.Parse(key); err == nil && id != uuid.Nil {
				ids = append(ids, id)
			}
		}
	}
	called, err := d.called(ctx, ids)
	if err != nil {
		return nil, err
	}
	for id, name := range called {
		names[id.String()] = name
	}
	return names, nil
}

// called are the names of courses, suppliers, funds and staff.
func (d Deps) called(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	names := make(map[uuid.UUID]string, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), mostNames)
		resp, err := d.Funding.ListNamesWithResponse(ctx, &funding.ListNamesParams{Ids: ids[:n]})
		if err != nil {
			return nil, err
		}
		for _, item := range resp.JSON200.Items {
			names[item.Id] = item.Name
		}
		ids = ids[n:]
	}
	return names, nil
}

// knownName is what a key is called that needs no asking.
func knownName(by reporting.By, key string) string {
	if id, err := uuid.Parse(key); key == "" || err == nil && id == uuid.Nil {
		return wordsOr(noneWords, by, "Not known")
	}
	switch by {
	case reporting.ByMonth:
		return keyed(key)
	case reporting.ByCategory:
		return wordsFor(lineWords, key)
	case reporting.ByNeed:
		return wordsFor(categoryWords, needs.Category(key))
	case reporting.ByOccupation:
		return wordsFor(occupationWords, key)
	case reporting.ByKind:
		return wordsFor(startedWords, outcomes.Kind(key))
	case reporting.ByRoute:
		return wordsFor(routeWords, outcomes.Route(key))
	case reporting.ByArea:
		return key
	}
	return "No name is known of " + key
}

func wordsOr[K comparable](words map[K]string, code K, otherwise string) string {
	if w, ok := words[code]; ok {
		return w
	}
	return otherwise
}
