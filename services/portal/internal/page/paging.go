package page

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/instead-support/instead/services/portal/internal/component"
)

// pageOf is the page of a long list that the address asks for, from 1.
func pageOf(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		return 1
	}
	return min(max(n, 1), 100_000)
}

// paging leads to the pages of a list of total things, size to a page. Every
// page is at path, with the filters of query kept.
func paging(path string, query url.Values, page, size, total int) component.PaginationProps {
	last := (total + size - 1) / max(size, 1)
	if last <= 1 && page <= 1 {
		return component.PaginationProps{}
	}
	href := func(n int) string {
		q := url.Values{}
		for name, vs := range query {
			for _, v := range vs {
				if v != "" && name != "page" {
					q.Add(name, v)
				}
			}
		}
		if n > 1 {
			q.Set("page", strconv.Itoa(n))
		}
		if len(q) == 0 {
			return path
		}
		return path + "?" + q.Encode()
	}
	var p component.PaginationProps
	if page > 1 {
		p.Previous = &component.PageLink{Href: href(min(page-1, max(last, 1)))}
	}
	if page < last {
		p.Next = &component.PageLink{Href: href(page + 1)}
	}
	skipped := false
	for n := 1; n <= last; n++ {
		if n != 1 && n != last && (n < page-1 || n > page+1) {
			if !skipped {
				p.Items = append(p.Items, component.PageItem{Ellipsis: true})
			}
			skipped = true
			continue
		}
		skipped = false
		p.Items = append(p.Items, component.PageItem{Number: strconv.Itoa(n), Href: href(n), Current: n == page})
	}
	return p
}

// titled is a list's title, with the page if there are several, so that each
// has a title of its own.
func titled(title string, page, size, total int) string {
	if total <= size {
		return title
	}
	return title + " (page " + strconv.Itoa(page) + " of " + strconv.Itoa((total+size-1)/size) + ")"
}

// counted is a number of things in words: "1 course", "1,262 courses".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// mostMatched is where the services stop counting what matches.
const mostMatched = 1000

// matched is counted for a list whose total stops at mostMatched.
func matched(total int, one, many string) string {
	if total >= mostMatched {
		return grouped(mostMatched) + " " + many + " or more"
	}
	return counted(total, one, many)
}

// grouped is a number with commas at the thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
