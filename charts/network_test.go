package charts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	network "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// arrows are who may call whom within a release, and where else each may go: the
// picture of the design. Whatever is not here is denied.
var arrows = []string{
	"ingress → portal:8080",
	"portal → needs:8080", "portal → funding:8080", "portal → outcomes:8080", "portal → reporting:8080", "portal → database", "portal → dns", "portal → outside",
	"funding → needs:8080", "funding → database", "funding → dns", "funding → outside", "funding → broker",
	"outcomes → needs:8080", "outcomes → funding:8080", "outcomes → database", "outcomes → dns", "outcomes → outside", "outcomes → broker",
	"needs → database", "needs → dns", "needs → outside", "needs → broker",
	"reporting → database", "reporting → dns", "reporting → outside", "reporting → broker",
	"reporting-migrate → database", "reporting-migrate → dns",
	"portal-migrate → database", "portal-migrate → dns",
	"funding-migrate → database", "funding-migrate → dns",
	"outcomes-migrate → database", "outcomes-migrate → dns",
	"needs-migrate → database", "needs-migrate → dns",
}

func TestOnlyTheArrowsOfTheDesignAreLetThrough(t *testing.T) {
	all := manifests(t, "production.yaml", "global: {monitoring: {enabled: false}, tracing: {endpoint: ''}}")
	policies, running := of[*network.NetworkPolicy](all), pods(all)
	var got []string
	for _, from := range running {
		for _, to := range running {
			for _, port := range ports(to) {
				sent, received := sends(t, policies, from, to, port), receives(t, policies, from, to, port)
				if sent != received {
					t.Errorf("%s may call %s: %t; %s may be called by %s: %t", from.name, to.name, sent, to.name, from.name, received)
				}
				if sent && received {
					got = append(got, fmt.Sprintf("%s → %s:%d", from.name, to.name, port.ContainerPort))
				}
			}
		}
		for where, there := range map[string]struct {
			cidr string
			port int
		}{"database": {"10.20.0.0/24", 5432}, "broker": {"10.20.1.0/24", 4222}, "outside": {"0.0.0.0/0", 443}} {
			if leaves(t, policies, from, there.cidr, there.port) {
				got = append(got, from.name+" → "+where)
			}
		}
		if asksNames(t, policies, from) {
			got = append(got, from.name+" → dns")
		}
	}
	for _, to := range running {
		for _, port := range ports(to) {
			if fromNamespace(t, policies, "ingress-nginx", to, port) {
				got = append(got, fmt.Sprintf("ingress → %s:%d", to.name, port.ContainerPort))
			}
			if fromNamespace(t, policies, "somebody-else", to, port) {
				t.Errorf("any namespace may call %s", to.name)
			}
		}
	}
	want := slices.Clone(arrows)
	slices.Sort(got)
	slices.Sort(want)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("arrows:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEveryPodIsDeniedWhatNoPolicyLetsIt(t *testing.T) {
	for _, file := range valuesFiles(t) {
		all := manifests(t, file, "")
		policies := of[*network.NetworkPolicy](all)
		next := pod{name: "what is added next", labels: map[string]string{"app.kubernetes.io/part-of": "instead", "app.kubernetes.io/instance": release}}
		for _, p := range append(pods(all), next) {
			for _, direction := range []network.PolicyType{network.PolicyTypeIngress, network.PolicyTypeEgress} {
				if len(about(t, policies, p, direction)) == 0 {
					t.Errorf("%s: no policy is about %s of %s, so all of it is let through", file, direction, p.name)
				}
			}
		}
	}
}

func TestNobodyIsLetInForATrialWhereThereIsNone(t *testing.T) {
	text, err := render("instead", values(t, "production.yaml", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"trial", "sign-in"} {
		for line := range strings.Lines(text) {
			if strings.Contains(line, word) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				t.Errorf("%q is in a production release: %s", word, line)
			}
		}
	}
}

func matches(t *testing.T, s *meta.LabelSelector, set map[string]string) bool {
	t.Helper()
	selector, err := meta.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(set))
}

func ports(p pod) (all []core.ContainerPort) {
	for _, c := range p.spec.Containers {
		all = append(all, c.Ports...)
	}
	return all
}

// about are the policies that say something of p in this direction.
func about(t *testing.T, policies []*network.NetworkPolicy, p pod, direction network.PolicyType) (found []*network.NetworkPolicy) {
	t.Helper()
	for _, n := range policies {
		if matches(t, &n.Spec.PodSelector, p.labels) && slices.Contains(n.Spec.PolicyTypes, direction) {
			found = append(found, n)
		}
	}
	return found
}

func through(rule []network.NetworkPolicyPort, port core.ContainerPort) bool {
	return len(rule) == 0 || slices.ContainsFunc(rule, func(p network.NetworkPolicyPort) bool {
		return p.Port.StrVal == port.Name && port.Name != "" || p.Port.IntVal == port.ContainerPort
	})
}

func peers(t *testing.T, rule []network.NetworkPolicyPeer, p pod) bool {
	t.Helper()
	return len(rule) == 0 || slices.ContainsFunc(rule, func(peer network.NetworkPolicyPeer) bool {
		return peer.PodSelector != nil && peer.NamespaceSelector == nil && matches(t, peer.PodSelector, p.labels)
	})
}

func sends(t *testing.T, policies []*network.NetworkPolicy, from, to pod, port core.ContainerPort) bool {
	t.Helper()
	for _, n := range about(t, policies, from, network.PolicyTypeEgress) {
		for _, rule := range n.Spec.Egress {
			if through(rule.Ports, port) && peers(t, rule.To, to) {
				return true
			}
		}
	}
	return false
}

func receives(t *testing.T, policies []*network.NetworkPolicy, from, to pod, port core.ContainerPort) bool {
	t.Helper()
	for _, n := range about(t, policies, to, network.PolicyTypeIngress) {
		for _, rule := range n.Spec.Ingress {
			if through(rule.Ports, port) && peers(t, rule.From, from) {
				return true
			}
		}
	}
	return false
}

func fromNamespace(t *testing.T, policies []*network.NetworkPolicy, namespace string, to pod, port core.ContainerPort) bool {
	t.Helper()
	for _, n := range about(t, policies, to, network.PolicyTypeIngress) {
		for _, rule := range n.Spec.Ingress {
			if through(rule.Ports, port) && (len(rule.From) == 0 || slices.ContainsFunc(rule.From, func(p network.NetworkPolicyPeer) bool {
				return p.NamespaceSelector != nil && matches(t, p.NamespaceSelector, map[string]string{"kubernetes.io/metadata.name": namespace})
			})) {
				return true
			}
		}
	}
	return false
}

func leaves(t *testing.T, policies []*network.NetworkPolicy, from pod, cidr string, port int) bool {
	t.Helper()
	for _, n := range about(t, policies, from, network.PolicyTypeEgress) {
		for _, rule := range n.Spec.Egress {
			if through(rule.Ports, core.ContainerPort{ContainerPort: int32(port)}) && (len(rule.To) == 0 || slices.ContainsFunc(rule.To, func(p network.NetworkPolicyPeer) bool {
				return p.IPBlock != nil && p.IPBlock.CIDR == cidr
			})) {
				return true
			}
		}
	}
	return false
}

func asksNames(t *testing.T, policies []*network.NetworkPolicy, from pod) bool {
	t.Helper()
	for _, n := range about(t, policies, from, network.PolicyTypeEgress) {
		for _, rule := range n.Spec.Egress {
			if slices.ContainsFunc(rule.Ports, func(p network.NetworkPolicyPort) bool { return p.Port.IntVal == 53 }) &&
				slices.ContainsFunc(rule.To, func(p network.NetworkPolicyPeer) bool {
					return p.NamespaceSelector != nil && p.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] == "kube-system"
				}) {
				return true
			}
		}
	}
	return false
}
