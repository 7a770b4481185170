package page

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Helped is what a jobseeker is asked about how it went, on a phone: whether they
// are still in work, and whether what they were given helped.
type Helped struct{ Deps }

// Register implements web.Page.
func (h Helped) Register(g *web.Group) {
	g.Menu(identity.Jobseeker, "Did it help?", "/support/helped")
	g.Get("/support/checks/:check", h.ask, identity.Jobseeker)
	g.Post("/support/checks/:check", h.answer, identity.Jobseeker)
	g.Get("/support/helped", h.list, identity.Jobseeker)
	g.Get("/support/helped/:about", h.askHelped, identity.Jobseeker)
	g.Post("/support/helped/:about", h.say, identity.Jobseeker)
}

// waitsForMe are the checks of whoever looks that are due, the earliest first.
func (d Deps) waitsForMe(ctx context.Context) ([]outcomes.Waiting, error) {
	resp, err := d.Outcomes.ListChecksWithResponse(ctx, &outcomes.ListChecksParams{Size: new(aFew)})
	if err != nil {
		return nil, err
	}
	return resp.JSON200.Items, nil
}

// toRate is all that a jobseeker can say was useful or not.
func (d Deps) toRate(ctx context.Context, me uuid.UUID) ([]outcomes.Rating, error) {
	resp, err := d.Outcomes.ListRatingsWithResponse(ctx, me)
	if err != nil {
		return nil, err
	}
	return resp.JSON200.Items, nil
}

// waiting is the check that the address names, if it waits for its answer.
func (h Helped) waiting(r *http.Request) (w outcomes.Waiting, ok bool, err error) {
	id, err := idIn(r, "check")
	if err != nil {
		return w, false, err
	}
	all, err := h.waitsForMe(r.Context())
	if err != nil {
		return w, false, err
	}
	i := slices.IndexFunc(all, func(w outcomes.Waiting) bool { return w.Check.Id == id })
	if i < 0 {
		return w, false, nil
	}
	return all[i], true, nil
}

func (h Helped) ask(r *http.Request) (web.Answer, error) {
	w, ok, err := h.waiting(r)
	if err != nil {
		return nil, err
	}
	if !ok {
		return web.Go("/support").Saying("Thank you. There is nothing more to answer here."), nil
	}
	f := form.New(nil)
	readAt(f, w.Version)
	return showStill(f, w), nil
}

func showStill(f *form.Form, w outcomes.Waiting) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Are you still in work?", Errors: f.Errors(), Before: component.BackLink("Your support", "/support"),
	}, stillInWork(f, w))
}

// answer asks the one question first, and what follows from the answer after it.
func (h Helped) answer(r *http.Request) (web.Answer, error) {
	w, ok, err := h.waiting(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	if f.Value("step") == "send" {
		return h.send(r, f, version, w, ok)
	}
	if !ok {
		return web.Go("/support").Saying("This is not asked any more, so nothing of what you chose is kept."), nil
	}
	f.Choice("in-work", "Choose yes or no.", "yes", "no")
	if !f.OK() || f.Value("step") == "change" {
		return showStill(f, w), nil
	}
	return showMore(f, w), nil
}

// send keeps the answer to a check. It goes to outcomes even if the check does not
// wait any more, because only outcomes tells a form that was sent twice from one that
// came after somebody else's answer.
func (h Helped) send(r *http.Request, f *form.Form, version int64, w outcomes.Waiting, waits bool) (web.Answer, error) {
	id, err := idIn(r, "check")
	if err != nil {
		return nil, err
	}
	a := answerIn(f, "Choose yes or no.")
	if f.OK() {
		_, err := h.Outcomes.RecordCheckWithResponse(r.Context(), id, &outcomes.RecordCheckParams{IfMatch: etag.Version(version)}, a)
		if late := fault.Is(err, fault.Conflict) || fault.Is(err, fault.Stale); late && !waits {
			f.WantWhole(false, "This was answered already or is not asked any more, so what you sent is not kept. If what stands is not right, tell your work coach, who can correct it.")
		} else if err := f.Fail(err, answerFields("in-work")); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go("/support").Saying("Thank you. Your answer is kept."), nil
		}
	}
	if waits {
		readAt(f, w.Version)
	}
	return showMore(f, w), nil
}

func showMore(f *form.Form, w outcomes.Waiting) web.Answer {
	title := "Has anything changed?"
	if f.Value("in-work") == "no" {
		title = "When was your last day?"
	}
	return web.Show(component.LayoutProps{
		Title: title, Errors: f.Errors(), Before: component.BackLink("Your support", "/support"),
	}, moreAboutWork(f, w, title))
}

func (h Helped) list(r *http.Request) (web.Answer, error) {
	me, err := h.linked(r.Context())
	if err != nil {
		return nil, err
	}
	if me == uuid.Nil {
		return web.Go("/welcome"), nil
	}
	all, err := h.toRate(r.Context(), me)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: "Did it help?", Before: component.BackLink("Your support", "/support")}, helpedList(all)), nil
}

// rated is the thing that the address names, and who asks.
func (h Helped) rated(r *http.Request) (me uuid.UUID, of outcomes.Rating, err error) {
	about, err := idIn(r, "about")
	if err != nil {
		return me, of, err
	}
	if me, err = h.linked(r.Context()); err != nil || me == uuid.Nil {
		return me, of, err
	}
	all, err := h.toRate(r.Context(), me)
	if err != nil {
		return me, of, err
	}
	i := slices.IndexFunc(all, func(r outcomes.Rating) bool { return r.About == about })
	if i < 0 {
		return me, of, fault.New(fault.NotFound, "If you typed the address, check it. If you followed a link, what it led to may have been removed.")
	}
	return me, all[i], nil
}

func (h Helped) askHelped(r *http.Request) (web.Answer, error) {
	me, of, err := h.rated(r)
	if err != nil {
		return nil, err
	}
	if me == uuid.Nil {
		return web.Go("/welcome"), nil
	}
	f := form.New(nil)
	readAt(f, of.Version)
	f.Set("helped", string(of.Helped))
	f.Set("course", string(of.CourseWouldHelpMore))
	f.Set("words", of.Words)
	return showHelped(f, of), nil
}

func showHelped(f *form.Form, of outcomes.Rating) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Did this help?", Errors: f.Errors(), Before: component.BackLink("Did it help?", "/support/helped"),
	}, didItHelp(f, of))
}

func (h Helped) say(r *http.Request) (web.Answer, error) {
	me, of, err := h.rated(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	said := outcomes.Said{Helped: outcomes.Helped(f.Choice("helped", "Choose how much it helped.", string(outcomes.ALot), string(outcomes.ALittle), string(outcomes.No), string(outcomes.Harder)))}
	if of.Kind == outcomes.RatingOfLine {
		said.CourseWouldHelpMore = outcomes.WouldHelp(f.Choice("course", "Choose whether the course would have helped more.",
			string(outcomes.WouldHelpYes), string(outcomes.WouldHelpNo), string(outcomes.WouldHelpNotSure)))
	}
	said.Words = f.Text("words")
	f.AtMost("words", 2000, "What you write")
	if f.OK() {
		_, err := h.Outcomes.RateWithResponse(r.Context(), me, of.About, &outcomes.RateParams{IfMatch: etag.Version(version)}, said)
		if err := f.Fail(err, form.Names{"/helped": "helped", "/course_would_help_more": "course", "/words": "words"}); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go("/support/helped").Saying("Thank you. What you say is kept."), nil
		}
	}
	readAt(f, of.Version)
	return showHelped(f, of), nil
}
