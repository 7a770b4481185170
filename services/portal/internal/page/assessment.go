package page

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Assessment is the needs assessment on one page: every part of life that can
// stand in the way of work, and how it is with each.
type Assessment struct{ Deps }

// Register implements web.Page.
func (a Assessment) Register(g *web.Group) {
	g.Get("/jobseekers/:id/assessment", a.ask, identity.Coach)
	g.Post("/jobseekers/:id/assessment", a.save, identity.Coach)
}

// asked is every category, in the order that a coach asks about them.
var asked = []needs.Category{
	needs.GettingThere, needs.Clothes, needs.ToolsAndEquipment, needs.LicencesAndCertificates, needs.Skills, needs.EnglishAndMaths,
	needs.Digital, needs.WorkHistory, needs.Confidence, needs.Health, needs.Caring, needs.Home, needs.Money,
}

// The fields of a category are its name with what is asked after it.
const (
	inTheWay    = "-in-the-way"
	wouldRemove = "-would-remove"
)

const longestAnswer = 1000

// answer is what is held about a category, by the form or by the service.
type answer struct {
	standing              needs.Standing
	inTheWay, wouldRemove string
}

func typed(f *form.Form, c needs.Category) answer {
	a := answer{standing: needs.Standing(f.Text(string(c)))}
	if a.standing == needs.InTheWay { // what was written before and is now hidden does not count
		a.inTheWay, a.wouldRemove = f.Text(string(c)+inTheWay), f.Text(string(c)+wouldRemove)
	}
	return a
}

func fillIn(f *form.Form, c needs.Category, a answer) {
	f.Set(string(c), string(a.standing))
	f.Set(string(c)+inTheWay, a.inTheWay)
	f.Set(string(c)+wouldRemove, a.wouldRemove)
}

func (a Assessment) ask(r *http.Request) (web.Answer, error) {
	j, mine, err := a.jobseeker(r)
	if err != nil {
		return nil, err
	}
	if !mine {
		return web.Go(jobseekerPath(j.Id)), nil
	}
	resp, err := a.Needs.ReadAssessmentWithResponse(r.Context(), j.Id)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	f.Set("version", strconv.FormatInt(resp.JSON200.Version, 10))
	for _, n := range resp.JSON200.Needs {
		fillIn(f, n.Category, answer{n.Standing, n.InTheWay, n.WouldRemove})
	}
	return a.show(r.Context(), f, j, nil)
}

// show asks about every category. theirs is what somebody else saved meanwhile.
func (a Assessment) show(ctx context.Context, f *form.Form, j *needs.Jobseeker, theirs map[needs.Category]change) (web.Answer, error) {
	statements, err := a.Needs.ListStatementsWithResponse(ctx, j.Id)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{
		Title: "What stands in " + whose(called(j)) + " way?", Errors: f.Errors(), Before: component.BackLink("Back to "+called(j), jobseekerPath(j.Id)),
	}, assess(f, j, statements.JSON200.Items, theirs)), nil
}

func (a Assessment) save(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	body, fields := assessmentIn(f)
	var theirs map[needs.Category]change
	if f.OK() {
		_, err := a.Needs.SaveAssessmentWithResponse(r.Context(), id, &needs.SaveAssessmentParams{IfMatch: etag.Version(version)}, body)
		if err == nil {
			return web.Go(jobseekerPath(id)).Saying("The assessment is saved."), nil
		}
		if err := f.Fail(err, fields); err != nil {
			return nil, err
		}
		if fault.Is(err, fault.Stale) {
			if theirs, err = a.merge(r.Context(), f, id, version); err != nil {
				return nil, err
			}
			f.WantWhole(false, "What you wrote is still here, with what was saved meanwhile beside it. Look at both, then save again.")
		}
	}
	j, _, err := a.jobseeker(r)
	if err != nil {
		return nil, err
	}
	return a.show(r.Context(), f, j, theirs)
}

// assessmentIn reads the whole page, and says which field each part of what is
// sent came from.
func assessmentIn(f *form.Form) (needs.AssessmentChange, form.Names) {
	body, fields := needs.AssessmentChange{}, form.Names{}
	for i, c := range asked {
		name, at := string(c), "/needs/"+strconv.Itoa(i)
		fields[at+"/standing"], fields[at+"/in_the_way"], fields[at+"/would_remove"] = name, name+inTheWay, name+wouldRemove
		f.Choice(name, "Choose how it is with "+lowered(wordsFor(categoryWords, c))+".", string(needs.InTheWay), string(needs.Strength), string(needs.NotExplored))
		a := typed(f, c)
		if a.standing == needs.InTheWay {
			f.Required(name+inTheWay, wordsFor(categoryWords, c)+": enter what stands in the way.")
			f.AtMost(name+inTheWay, longestAnswer, "What stands in the way")
			f.Required(name+wouldRemove, wordsFor(categoryWords, c)+": enter what would remove it.")
			f.AtMost(name+wouldRemove, longestAnswer, "What would remove it")
		}
		body.Needs = append(body.Needs, struct {
			Category    needs.Category `json:"category"`
			InTheWay    string         `json:"in_the_way,omitempty,omitzero"`
			Standing    needs.Standing `json:"standing"`
			WouldRemove string         `json:"would_remove,omitempty,omitzero"`
		}{c, a.inTheWay, a.standing, a.wouldRemove})
	}
	return body, fields
}

// change is what somebody else made of a category meanwhile.
type change struct {
	answer
	by    string
	taken bool // into the form, where nothing else had been typed
}

// merge brings into f what others saved since version, and returns it. Where
// only they changed an answer, the form takes theirs, or saving it again would
// undo their work unseen. Where both did, what was typed stays.
func (a Assessment) merge(ctx context.Context, f *form.Form, id uuid.UUID, version int64) (map[needs.Category]change, error) {
	resp, err := a.Needs.ListAssessmentVersionsWithResponse(ctx, id)
	if err != nil {
		return nil, err
	}
	saves := slices.Clone(resp.JSON200.Items) // newest first
	slices.Reverse(saves)
	was, theirs := map[needs.Category]answer{}, map[needs.Category]change{}
	for _, save := range saves {
		for _, c := range save.Changed {
			now := answer{c.Standing, c.InTheWay, c.WouldRemove}
			if save.Version <= version {
				was[c.Category] = now
			} else {
				theirs[c.Category] = change{answer: now, by: save.ByName}
			}
		}
		f.Set("version", strconv.FormatInt(max(version, save.Version), 10))
	}
	for c, saved := range theirs {
		before, ok := was[c]
		if !ok {
			before = answer{standing: needs.NotExplored}
		}
		switch mine := typed(f, c); mine {
		case saved.answer:
			delete(theirs, c)
		case before:
			fillIn(f, c, saved.answer)
			saved.taken = true
			theirs[c] = saved
		}
	}
	return theirs, nil
}
