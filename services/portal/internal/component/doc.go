// Package component is what pages are made of: the GOV.UK Design System's
// components as typed functions, and a few of our own for money and what
// happened. It draws what it is given. It fetches nothing, decides nothing and
// knows no form: a page passes each value and error in.
//
// The HTML is govuk-frontend 6.6.0's, held to its own published fixtures by
// fixtures_test.go; the classes get their looks from package assets.
//
// A page is a Layout with components in it:
//
//	templ askAmount(f *form.Form, cap money.Pence) {
//		@component.Layout(component.LayoutProps{
//			Title:  "How much is needed?",
//			Errors: f.Errors(),
//			Before: component.BackLink("Back", "/requests/new"),
//		}) {
//			<h1 class="govuk-heading-l">How much is needed?</h1>
//			<form method="post" novalidate>
//				@f.Key()
//				@component.Input(component.InputProps{
//					Name: "amount", Label: "Amount", Prefix: "£", Width: component.Chars5,
//					Hint: "Up to " + cap.String(), InputMode: "decimal", NoSpellcheck: true,
//					Value: f.Value("amount"), Error: f.Error("amount"),
//				})
//				@component.Button(component.ButtonProps{Text: "Continue", PreventDoubleClick: true})
//			</form>
//		}
//	}
//
// Layout draws the error summary, the notice, the header and the footer.
// Where a component shows either words or something richer, the richer field
// is called Content and takes any templ.Component:
//
//	component.Cell{Content: component.StateTag("submitted")}
//
// The words of a state of a request are in StateTag alone, so that everybody
// reads the same word for the same thing.
package component
