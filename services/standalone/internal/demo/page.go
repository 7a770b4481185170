package demo

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/instead-support/instead/pkg/identity"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS []byte

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"roles": func(roles []identity.Role) string {
		words := make([]string, len(roles))
		for i, r := range roles {
			words[i] = map[identity.Role]string{
				identity.Coach: "work coach", identity.Manager: "manager",
				identity.Finance: "finance officer", identity.Auditor: "auditor", identity.Jobseeker: "jobseeker",
			}[r]
		}
		s := strings.Join(words, " and ")
		return strings.ToUpper(s[:1]) + s[1:]
	},
	"together": func(words []string) string { return strings.Join(words, " and ") },
	"row":      func(v view, p Person) row { return row{v, p} },
}).Parse(pageHTML))

// view is what the page shows. With no Request it only says that the sign-in
// has run out.
type view struct {
	Path      string
	Home      string
	Request   string
	Staff     bool
	People    []Person
	Newcomers []Person
	Name      string // as typed
	Error     string
}

// row is one person in a list.
type row struct {
	Page   view
	Person Person
}

// longestList is how many newcomers the page offers to be again.
const longestList = 10

// routes adds the sign-in page to op's endpoints. Paths are below the provider's.
func (p *Provider) routes(home string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", p.op)
	mux.HandleFunc("GET /choose", func(w http.ResponseWriter, r *http.Request) {
		p.show(w, p.view(home, r.FormValue("request")), http.StatusOK)
	})
	mux.HandleFunc("POST /choose", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10_000)
		p.choose(w, r, home)
	})
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(pageCSS)
	})
	return secure(mux, p.store.client.Redirects)
}

// secure sets the headers that every page of a provider should have, and takes
// forms from its own pages alone. Browsers hold form-action against the whole
// chain of redirects that follows a form, so it names where people go back to.
func secure(next http.Handler, redirects []string) http.Handler {
	policy := "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
	for _, redirect := range redirects {
		if u, err := url.Parse(redirect); err == nil {
			policy += " " + u.Scheme + "://" + u.Host
		}
	}
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policy)
		next.ServeHTTP(w, r)
	})
}

// view returns the page for the request with this id.
func (p *Provider) view(home, id string) view {
	v := view{Path: p.path, Home: home, Staff: len(p.store.newcomers) == 0}
	if _, ok := p.store.waiting(id); !ok {
		return v
	}
	v.Request, v.People, v.Newcomers = id, p.store.people, p.store.kept.newcomers()
	v.Newcomers = v.Newcomers[:min(len(v.Newcomers), longestList)]
	return v
}

func (p *Provider) show(w http.ResponseWriter, v view, status int) {
	if v.Request == "" {
		status = http.StatusBadRequest
	}
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		http.Error(w, "Demo sign-in cannot show its page.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}

// choose signs in the person picked, or someone new, and sends the browser
// back to the client with the code.
func (p *Provider) choose(w http.ResponseWriter, r *http.Request, home string) {
	id := r.PostFormValue("request")
	if _, ok := p.store.waiting(id); !ok {
		p.show(w, p.view(home, id), http.StatusBadRequest)
		return
	}
	person, ok := p.store.person(r.PostFormValue("person"))
	if !ok {
		var err error
		if person, err = p.store.welcome(r.PostFormValue("name")); err != nil {
			v := p.view(home, id)
			v.Name, v.Error = r.PostFormValue("name"), err.Error()
			p.show(w, v, http.StatusUnprocessableEntity)
			return
		}
	}
	request, code, ok := p.store.choose(id, person)
	if !ok {
		p.show(w, p.view(home, id), http.StatusBadRequest)
		return
	}
	back, err := op.AuthResponseURL(request.RedirectURI, request.ResponseType, request.ResponseMode,
		&op.CodeResponseType{Code: code, State: request.State}, p.op.Encoder())
	if err != nil {
		http.Error(w, "Demo sign-in cannot find its way back.", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}
