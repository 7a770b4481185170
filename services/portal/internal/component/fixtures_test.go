package component_test

import (
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"github.com/instead-support/instead/services/portal/internal/component"
)

// Reasons for not being like govuk-frontend, where we are not.
const (
	freeMarkup   = "words are words here; markup goes in Content, where there is one"
	freeClasses  = "no page needs a class on this part"
	freeAttrs    = "no page needs an attribute on this part"
	translated   = "the portal is in English, and always says this the one way"
	needless     = "no page needs this"
	oneWay       = "a bool that is false leaves this out, which does the same"
	gaps         = "a Go slice has no items that are to be skipped"
	groupDecides = "what is chosen is the group's value alone"
	valued       = "every option has a value"
	counted      = "a count needs a limit to count to"
	wholeDays    = "we ask for whole days: day, month and year, under those names"
	noFile       = "browsers don't let a page fill in a file"
)

// golden holds, for each component, how to draw it from a fixture's options,
// and the fixtures that we knowingly do not follow. Every other fixture that
// govuk-frontend publishes of the component is held to its HTML.
var golden = []struct {
	name  string
	draw  func(options) templ.Component
	apart map[string][]string // reason -> fixtures
}{
	{"back-link", func(o options) templ.Component {
		return component.BackLink(orElse(o.str("text"), "Back"), orElse(o.str("href"), "#"))
	}, map[string][]string{
		freeClasses: {"inverse", "classes"},
		freeMarkup:  {"html"},
		freeAttrs:   {"attributes"},
	}},
	{"breadcrumbs", func(o options) templ.Component {
		p := component.BreadcrumbsProps{CollapseOnMobile: o.yes("collapseOnMobile"), Classes: o.str("classes"), Attributes: o.attributes("attributes")}
		for _, i := range o.list("items") {
			p.Items = append(p.Items, component.Link{Text: i.str("text"), Href: i.str("href")})
		}
		return component.Breadcrumbs(p)
	}, map[string][]string{
		freeAttrs:  {"item attributes"},
		freeMarkup: {"html"},
		translated: {"custom label"},
	}},
	{"button", func(o options) templ.Component {
		return component.Button(component.ButtonProps{
			Text: o.str("text"), Content: o.html("html"), Start: o.yes("isStartButton"), Href: o.str("href"), Type: o.str("type"),
			Name: o.str("name"), Value: o.str("value"), ID: o.str("id"), Disabled: o.yes("disabled"),
			PreventDoubleClick: o.is("preventDoubleClick", true), Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		})
	}, map[string][]string{
		oneWay: {"don't prevent double click"},
	}},
	{"character-count", textarea, map[string][]string{
		needless:    {"with count type 'length'", "with count type 'characters'", "with count type 'characters' and value", "with count type 'characters' and error message", "with count type 'characters' and threshold", "with count type 'words'", "with count type 'words' and value", "with count type 'words' and error message", "with count type 'words' and threshold", "spellcheck enabled"},
		translated:  {"with custom textarea description", "with translations"},
		counted:     {"with neither maxlength nor maxwords set", "to configure in JavaScript", "with neither maxlength, maxwords nor textarea description set"},
		freeClasses: {"formGroup with classes", "custom classes on countMessage"},
	}},
	{"checkboxes", func(o options) templ.Component {
		return component.Checkboxes(component.CheckboxesProps{
			Name: o.str("name"), ID: o.str("idPrefix"), Legend: o.str("fieldset.legend.text"), LegendSize: size(o, "fieldset.legend.classes", "govuk-fieldset__legend--"),
			PageHeading: o.yes("fieldset.legend.isPageHeading"), Hint: o.str("hint.text"), Error: o.str("errorMessage.text"), Values: o.strs("values"),
			Items: choices(o), SmallCheckboxes: o.is("classes", "govuk-checkboxes--small"),
			DescribedBy: orElse(o.str("fieldset.describedBy"), o.str("describedBy")), Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		})
	}, map[string][]string{
		freeClasses:  {"with optional form-group classes showing group error", "with label classes", "fieldset params"},
		gaps:         {"with falsy values", "empty conditional"},
		groupDecides: {"item checked overrides values"},
		freeMarkup:   {"fieldset html params"},
		freeAttrs:    {"label with attributes"},
	}},
	{"date-input", func(o options) templ.Component {
		p := component.DateProps{
			ID: o.str("id"), Name: o.str("namePrefix"), Legend: o.str("fieldset.legend.text"),
			LegendSize:  size(o, "fieldset.legend.classes", "govuk-fieldset__legend--"),
			PageHeading: o.yes("fieldset.legend.isPageHeading"), Hint: o.str("hint.text"), Error: o.str("errorMessage.text"),
			DescribedBy: o.str("fieldset.describedBy"), Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		}
		for part, value := range map[string]*string{"day": &p.Day, "month": &p.Month, "year": &p.Year} {
			name := part
			if p.Name != "" {
				name = p.Name + "-" + part
			}
			*value = o.str("values." + name)
			if o.has(part + ".value") {
				*value = o.str(part + ".value")
			}
		}
		for _, part := range []string{"day", "month", "year"} {
			if o.is(part+".error", true) {
				p.Wrong = append(p.Wrong, part)
			}
		}
		for _, i := range o.list("items") {
			part := i.str("name")
			i.is("classes", "govuk-input--width-2")
			i.is("classes", "govuk-input--width-4")
			if i.is("error", true) || i.is("classes", "govuk-input--width-2 govuk-input--error") || i.is("classes", "govuk-input--width-4 govuk-input--error") {
				p.Wrong = append(p.Wrong, part)
			}
			p.Birthday = i.is("autocomplete", "bday-"+part) || p.Birthday
			if value, ok := map[string]*string{"day": &p.Day, "month": &p.Month, "year": &p.Year}[part]; ok && i.has("value") {
				*value = i.str("value")
			}
		}
		return component.DateInput(p)
	}, map[string][]string{
		translated:  {"with translations", "with values, name prefix and custom names"},
		wholeDays:   {"day and month", "month and year", "day and month (using items)", "month and year (using items)", "with nested name"},
		needless:    {"custom pattern", "custom inputmode", "with id on items", "with item value", "with field value and items", "with field value and item value", "with field value, item value and values", "with error on single field by omission", "with error on single item by omission"},
		freeClasses: {"with errors only (using classes)", "with error on single field using classes", "items with classes", "with optional form-group classes"},
		freeMarkup:  {"fieldset html"},
		freeAttrs:   {"with input attributes"},
	}},
	{"details", func(o options) templ.Component {
		return within(component.Details(component.DetailsProps{
			Summary: o.str("summaryText"), Open: o.yes("open"), ID: o.str("id"), Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		}), content(o))
	}, map[string][]string{
		freeMarkup: {"summary html"},
	}},
	{"error-message", func(o options) templ.Component {
		return component.ErrorMessage(o.str("id"), o.str("text"))
	}, map[string][]string{
		translated:  {"translated", "with visually hidden text", "visually hidden text removed"},
		freeMarkup:  {"html"},
		freeClasses: {"classes"},
		freeAttrs:   {"attributes"},
	}},
	{"error-summary", func(o options) templ.Component {
		p := component.ErrorSummaryProps{Title: o.str("titleText"), Description: o.str("descriptionText"), Classes: o.str("classes"), Attributes: o.attributes("attributes")}
		for _, e := range o.list("errorList") {
			p.Errors = append(p.Errors, component.ErrorItem{Text: e.str("text"), Href: e.str("href")})
		}
		return component.ErrorSummary(p)
	}, map[string][]string{
		freeMarkup: {"title html", "description html", "error list with html", "error list with html link"},
		freeAttrs:  {"error list with attributes"},
		oneWay:     {"autofocus disabled", "autofocus explicitly enabled"},
	}},
	{"fieldset", func(o options) templ.Component {
		return within(component.Fieldset(component.FieldsetProps{
			Legend: o.str("legend.text"), LegendSize: size(o, "legend.classes", "govuk-fieldset__legend--"), PageHeading: o.yes("legend.isPageHeading"),
			DescribedBy: o.str("describedBy"), Role: o.str("role"), Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		}), content(o))
	}, map[string][]string{
		freeMarkup:  {"html"},
		freeClasses: {"legend classes"},
	}},
	{"file-upload", func(o options) templ.Component {
		return component.FileUpload(component.FileUploadProps{
			Name: o.str("name"), ID: o.str("id"), Label: o.str("label.text"), LabelSize: size(o, "label.classes", "govuk-label--"),
			PageHeading: o.yes("label.isPageHeading"), Hint: o.str("hint.text"), Error: o.str("errorMessage.text"),
			Multiple: o.yes("multiple"), DropZone: o.yes("javascript"), Disabled: o.yes("disabled"), DescribedBy: o.str("describedBy"),
			Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		})
	}, map[string][]string{
		freeClasses: {"enhanced, custom wrapper classes and attributes", "with optional form-group classes"},
		noFile:      {"with value"},
		translated:  {"translated, no javascript enhancement", "translated"},
	}},
	{"input", func(o options) templ.Component {
		return component.Input(component.InputProps{
			Name: o.str("name"), ID: o.str("id"), Label: o.str("label.text"), LabelSize: size(o, "label.classes", "govuk-label--"),
			PageHeading: o.yes("label.isPageHeading"), Hint: o.str("hint.text"), Error: o.str("errorMessage.text"), Value: o.str("value"),
			Type: o.str("type"), Prefix: o.str("prefix.text"), Suffix: o.str("suffix.text"), InputMode: o.str("inputmode"),
			Autocomplete: o.str("autocomplete"), Autocapitalize: o.str("autocapitalize"), Pattern: o.str("pattern"),
			NoSpellcheck: o.is("spellcheck", false), Disabled: o.yes("disabled"), DescribedBy: o.str("describedBy"),
			Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		})
	}, map[string][]string{
		freeMarkup:  {"with prefix with html", "with suffix with html", "with suffix with classes", "with suffix with attributes"},
		freeClasses: {"with prefix with classes", "with customised input wrapper", "with optional form-group classes"},
		freeAttrs:   {"with prefix with attributes"},
		needless:    {"with spellcheck enabled"},
	}},
	{"inset-text", func(o options) templ.Component {
		return within(component.InsetText(), content(o))
	}, map[string][]string{
		freeClasses: {"classes"},
		needless:    {"id"},
		freeAttrs:   {"attributes"},
	}},
	{"notification-banner", func(o options) templ.Component {
		return within(component.Banner(component.BannerProps{
			Text: o.str("text"), Success: o.is("type", "success"), Title: o.str("titleText"), TitleID: o.str("titleId"),
			HeadingLevel: o.num("titleHeadingLevel"), Role: o.str("role"), NoAutoFocus: o.is("disableAutoFocus", true),
			Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		}), content(o))
	}, map[string][]string{
		freeMarkup: {"title as html"},
		oneWay:     {"with invalid type", "auto-focus explicitly enabled, with type as success"},
	}},
	{"pagination", func(o options) templ.Component {
		p := component.PaginationProps{Label: o.str("landmarkLabel"), Classes: o.str("classes"), Attributes: o.attributes("attributes")}
		for name, link := range map[string]**component.PageLink{"previous": &p.Previous, "next": &p.Next} {
			if l := o.at(name); l.value != nil {
				*link = &component.PageLink{Href: l.str("href"), Text: l.str("text"), Label: l.str("labelText"), Attributes: l.attributes("attributes")}
			}
		}
		for _, i := range o.list("items") {
			p.Items = append(p.Items, component.PageItem{
				Number: i.str("number"), Href: i.str("href"), Hidden: i.str("visuallyHiddenText"), Current: i.yes("current"),
				Ellipsis: i.yes("ellipsis"), Attributes: i.attributes("attributes"),
			})
		}
		return component.Pagination(p)
	}, map[string][]string{
		gaps: {"with empty items"},
	}},
	{"panel", func(o options) templ.Component {
		return component.Panel(component.PanelProps{
			Title: orElse(o.str("titleText"), o.words("titleHtml")), Text: o.str("text"), Content: o.html("html"), HeadingLevel: o.num("headingLevel"),
			Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		})
	}, map[string][]string{
		needless:    {"interruption", "interruption-with-headings-content-and-lists", "confirmation, with actions", "interruption with custom classes", "interruption, no actions"},
		freeAttrs:   {"interruption-with-content-with-long-line-length"},
		freeMarkup:  {"title html"},
		freeClasses: {"interruption, with actions classes and attributes", "interruption, submit action", "interruption, button link", "interruption, no actions items"},
	}},
	{"radios", func(o options) templ.Component {
		return component.Radios(component.RadiosProps{
			Name: o.str("name"), ID: o.str("idPrefix"), Legend: o.str("fieldset.legend.text"), LegendSize: size(o, "fieldset.legend.classes", "govuk-fieldset__legend--"),
			PageHeading: o.yes("fieldset.legend.isPageHeading"), Hint: o.str("hint.text"), Error: o.str("errorMessage.text"), Value: o.str("value"),
			Items: choices(o), Inline: o.is("classes", "govuk-radios--inline"), SmallRadios: o.is("classes", "govuk-radios--small"),
			DescribedBy: o.str("fieldset.describedBy"), Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		})
	}, map[string][]string{
		freeClasses:  {"with optional form-group classes showing group error", "small", "small with error", "small with hint", "small with conditional reveal", "label with classes", "fieldset params"},
		gaps:         {"with falsy items", "with empty conditional"},
		groupDecides: {"item checked overrides value"},
		freeMarkup:   {"fieldset with html"},
		freeAttrs:    {"label with attributes"},
	}},
	{"select", func(o options) templ.Component {
		p := component.SelectProps{
			Name: o.str("name"), ID: o.str("id"), Label: o.str("label.text"), LabelSize: size(o, "label.classes", "govuk-label--"),
			PageHeading: o.yes("label.isPageHeading"), Hint: o.str("hint.text"), Error: o.str("errorMessage.text"), Value: o.str("value"),
			Disabled: o.yes("disabled"), DescribedBy: o.str("describedBy"), Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		}
		for _, i := range o.list("items") {
			if i.yes("selected") {
				p.Value = i.str("value")
			}
			p.Options = append(p.Options, component.Option{Value: i.str("value"), Text: i.str("text"), Disabled: i.yes("disabled")})
		}
		return component.Select(p)
	}, map[string][]string{
		freeAttrs:    {"attributes on items"},
		valued:       {"without values", "without values with selected value"},
		groupDecides: {"item selected overrides value"},
		gaps:         {"with falsy values"},
		freeClasses:  {"with optional form-group classes"},
	}},
	{"service-navigation", func(o options) templ.Component {
		p := component.ServiceNavigationProps{Name: o.str("serviceName"), Href: o.str("serviceUrl"), Classes: o.str("classes"), Attributes: o.attributes("attributes")}
		for _, i := range o.list("navigation") {
			p.Items = append(p.Items, component.NavItem{Text: i.str("text"), Href: i.str("href"), Current: i.yes("current"), Active: i.yes("active")})
		}
		return component.ServiceNavigation(p)
	}, map[string][]string{
		freeMarkup:  {"with HTML navigation items", "with non-link navigation items", "with language navigation", "with right-aligned language navigation", "inverse with language navigation", "with slotted content", "with `inline` end slot"},
		needless:    {"with collapseNavigationOnMobile set to false", "with a single navigation item and collapseNavigationOnMobile set to true", "with custom navigation ID"},
		translated:  {"with custom aria-label", "with custom navigation toggle text", "with custom navigation toggle label", "with identical navigation toggle text and label", "with custom navigation label", "with custom navigation toggle text and navigation label"},
		freeClasses: {"with custom navigation classes"},
	}},
	{"skip-link", func(o options) templ.Component {
		return component.SkipLink(o.str("text"), orElse(o.str("href"), "#content"))
	}, map[string][]string{
		freeClasses: {"with focus", "classes"},
		freeMarkup:  {"html"},
		freeAttrs:   {"attributes"},
	}},
	{"summary-list", func(o options) templ.Component {
		p := component.SummaryListProps{Classes: o.str("classes"), Attributes: o.attributes("attributes")}
		if card := o.at("card"); card.value != nil {
			p.Card = &component.Card{
				Title: card.str("title.text"), HeadingLevel: card.num("title.headingLevel"), Actions: links(card, "actions.items"),
				Classes: card.str("classes"), Attributes: card.attributes("attributes"),
			}
		}
		for _, r := range o.list("rows") {
			p.Rows = append(p.Rows, component.SummaryRow{
				Key: r.str("key.text"), Value: r.str("value.text"), Content: r.html("value.html"), Actions: links(r, "actions.items"), Classes: r.str("classes"),
			})
		}
		return component.SummaryList(p)
	}, map[string][]string{
		freeMarkup:  {"as a summary card with a html header", "key with html", "actions with html"},
		translated:  {"translated"},
		freeClasses: {"key with classes", "actions with classes", "overridden-widths"},
	}},
	{"table", func(o options) templ.Component {
		p := component.TableProps{
			Caption: o.str("caption"), CaptionSize: size(o, "captionClasses", "govuk-table__caption--"), FirstCellIsHeader: o.yes("firstCellIsHeader"),
			Classes: o.str("classes"), Attributes: o.attributes("attributes"),
		}
		for _, c := range o.list("head") {
			p.Head = append(p.Head, cell(c))
		}
		for _, r := range o.list("rows") {
			var row []component.Cell
			for _, c := range (options{map[string]any{"": r.value}, strings.TrimSuffix(r.path, "."), r.read}).list("") {
				c.path = strings.Replace(c.path, ".[", "[", 1)
				row = append(row, cell(c))
			}
			p.Rows = append(p.Rows, row)
		}
		return component.Table(p)
	}, nil},
	{"tag", func(o options) templ.Component { return component.Tag(tag(o)) }, map[string][]string{
		freeMarkup: {"html"},
	}},
	{"task-list", func(o options) templ.Component {
		p := component.TaskListProps{IDPrefix: o.str("idPrefix"), Classes: o.str("classes"), Attributes: o.attributes("attributes")}
		for _, i := range o.list("items") {
			p.Items = append(p.Items, component.Task{
				Title: i.str("title.text"), Href: i.str("href"), Hint: i.str("hint.text"), Status: i.str("status.text"), Tag: tag(i.at("status.tag")), Classes: i.str("classes"),
			})
		}
		return component.TaskList(p)
	}, map[string][]string{
		freeClasses: {"with hint text and additional states", "with all possible colours", "custom classes"},
		freeMarkup:  {"html"},
		gaps:        {"with empty values"},
	}},
	{"textarea", textarea, map[string][]string{
		freeClasses: {"with optional form-group classes"},
		needless:    {"with spellcheck enabled"},
	}},
	{"warning-text", func(o options) templ.Component {
		o.is("iconFallbackText", "Warning")
		return component.WarningText(o.str("text"))
	}, map[string][]string{
		freeAttrs:   {"attributes"},
		freeClasses: {"classes"},
		freeMarkup:  {"html"},
		translated:  {"icon fallback text only"},
	}},
}

func TestComponentsAreTheDesignSystemsToTheAttribute(t *testing.T) {
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			reasons := map[string]string{}
			for reason, names := range g.apart {
				for _, n := range names {
					reasons[n] = reason
				}
			}
			covered := 0
			for _, f := range fixturesOf(t, g.name) {
				o := optionsOf(f)
				got, want := normal(t, render(t, g.draw(o))), normal(t, f.HTML)
				unread := o.unread()
				same := len(unread) == 0 && got == want
				reason, apart := reasons[f.Name]
				delete(reasons, f.Name)
				switch {
				case same && apart:
					t.Errorf("%q is like govuk-frontend's; take it off the list (%s)", f.Name, reason)
				case same:
					covered++
				case !apart && len(unread) > 0:
					t.Errorf("%q has options that we do not: %v", f.Name, unread)
				case !apart:
					t.Errorf("%q differs (-govuk-frontend +ours):\n%s", f.Name, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
				}
			}
			for name := range reasons {
				t.Errorf("there is no fixture %q", name)
			}
			t.Logf("%d fixtures followed", covered)
		})
	}
}

func textarea(o options) templ.Component {
	p := component.TextareaProps{
		Name: o.str("name"), ID: o.str("id"), Label: o.str("label.text"), LabelSize: size(o, "label.classes", "govuk-label--"),
		PageHeading: o.yes("label.isPageHeading"), Hint: o.str("hint.text"), Error: o.str("errorMessage.text"), Value: o.str("value"),
		Rows: o.num("rows"), MaxLength: o.num("maxlength"), MaxWords: o.num("maxwords"), Threshold: o.num("threshold"),
		Autocomplete: o.str("autocomplete"), NoSpellcheck: o.is("spellcheck", false), DescribedBy: o.str("describedBy"),
		Classes: o.str("classes"), Attributes: o.attributes("attributes"),
	}
	return component.Textarea(p)
}

func choices(o options) []component.Choice {
	var all []component.Choice
	for _, i := range o.list("items") {
		all = append(all, component.Choice{
			Value: i.str("value"), Text: i.str("text"), Content: i.html("html"), ID: i.str("id"), Name: i.str("name"), Hint: i.str("hint.text"),
			Conditional: i.html("conditional.html"), Checked: i.yes("checked"), Disabled: i.yes("disabled"), Exclusive: i.is("behaviour", "exclusive"),
			Divider: i.str("divider"), Attributes: i.attributes("attributes"),
		})
	}
	return all
}

func links(o options, path string) []component.Action {
	var all []component.Action
	for _, a := range o.list(path) {
		all = append(all, component.Action{
			Text: a.str("text"), Href: a.str("href"), Hidden: a.str("visuallyHiddenText"), Classes: a.str("classes"), Attributes: a.attributes("attributes"),
		})
	}
	return all
}

func cell(o options) component.Cell {
	return component.Cell{
		Text: o.str("text"), Content: o.html("html"), Numeric: o.is("format", "numeric"), Colspan: o.num("colspan"), Rowspan: o.num("rowspan"),
		Classes: o.str("classes"), Attributes: o.attributes("attributes"),
	}
}

func tag(o options) component.TagProps {
	return component.TagProps{Text: o.str("text"), Classes: o.str("classes"), Attributes: o.attributes("attributes")}
}

func content(o options) templ.Component {
	if c := o.html("html"); c != nil {
		return c
	}
	return templ.Raw(templ.EscapeString(o.str("text")))
}

// size reads a class that is one of our sizes.
func size(o options, path, prefix string) component.Size {
	for _, s := range []component.Size{component.Small, component.Medium, component.Large, component.ExtraLarge} {
		if o.is(path, prefix+string(s)) {
			return s
		}
	}
	return ""
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
