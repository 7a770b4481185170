package charts_test

import (
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	security "k8s.io/pod-security-admission/api"
	standards "k8s.io/pod-security-admission/policy"
)

// services are what a council runs; each has a chart of its own.
var services = []string{"needs", "funding", "outcomes", "reporting", "portal"}

func TestKubernetesTakesEveryManifestOfEveryValuesFile(t *testing.T) {
	for _, file := range valuesFiles(t) {
		all := manifests(t, file, "")
		deployed := of[*apps.Deployment](all)
		for _, s := range services {
			if !slices.ContainsFunc(deployed, func(d *apps.Deployment) bool { return d.Name == release+"-"+s }) {
				t.Errorf("%s leaves out %s", file, s)
			}
		}
	}
}

func TestAManifestWithAFieldThatKubernetesDoesNotKnowIsRefused(t *testing.T) {
	text, err := render("instead", values(t, "trial.yaml", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := decode(strings.Replace(text, "terminationGracePeriodSeconds:", "terminationGraceSeconds:", 1)); err == nil {
		t.Error("a misspelt field is taken")
	}
}

// restricted says what of a pod the restricted standard refuses.
func restricted(t *testing.T, p pod) string {
	t.Helper()
	checks, err := standards.NewEvaluator(standards.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	results := checks.EvaluatePod(security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}, &meta.ObjectMeta{Labels: p.labels}, &p.spec)
	all := standards.AggregateCheckResults(results)
	return all.ForbiddenDetail()
}

func TestEveryPodIsRestrictedReadsOnlyAndHoldsNoToken(t *testing.T) {
	for _, file := range valuesFiles(t) {
		for _, p := range pods(manifests(t, file, "")) {
			if why := restricted(t, p); why != "" {
				t.Errorf("%s: %s %s is refused by the restricted standard: %s", file, p.kind, p.name, why)
			}
			if token := p.spec.AutomountServiceAccountToken; token == nil || *token {
				t.Errorf("%s: %s %s is given a token that it does not use", file, p.kind, p.name)
			}
			for _, c := range p.spec.Containers {
				if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
					t.Errorf("%s: %s %s can write to its own program's file system", file, p.kind, p.name)
				}
				if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
					t.Errorf("%s: %s %s does not say how much it needs: %v", file, p.kind, p.name, c.Resources)
				}
			}
		}
	}
}

func TestAPodThatIsNotRestrictedIsRefused(t *testing.T) {
	for name, break_ := range map[string]func(*core.PodSpec){
		"root":           func(s *core.PodSpec) { s.SecurityContext.RunAsNonRoot, s.SecurityContext.RunAsUser = nil, new(int64) },
		"the host's net": func(s *core.PodSpec) { s.HostNetwork = true },
		"more rights":    func(s *core.PodSpec) { s.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil },
		"no seccomp":     func(s *core.PodSpec) { s.SecurityContext.SeccompProfile = nil },
	} {
		p := pods(manifests(t, "trial.yaml", ""))[0]
		break_(&p.spec)
		if restricted(t, p) == "" {
			t.Errorf("a pod with %s is taken", name)
		}
	}
}

func TestAMisspeltValueIsRefusedInEveryChart(t *testing.T) {
	for _, wrong := range []string{
		"replica: 3", "global: {monitoring: {enable: true}}", "funding: {replica: 3}", "funding: {config: {CLAMD_ADRESS: clamd:3310}}",
		"portal: {autoscaling: {minimum: 3}}", "nats: {storage: {temporry: true}}", "needs: {global: {urls: x}}", "outcomes: {replicas: three}",
	} {
		if _, err := render("instead", values(t, "trial.yaml", wrong)); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

func TestWhatACouncilMustSayIsAskedForInWords(t *testing.T) {
	for left, asked := range map[string]string{
		"global: {signIn: {staff: {issuer: ''}}}": "global.signIn.staff.issuer is needed",
		"global: {url: ''}":                       "global.url is needed",
		"funding: {documents: {url: ''}}":         "funding.documents is needed",
		"global: {nats: {secret: ''}}":            "there is no broker",
	} {
		if _, err := render("instead", values(t, "production.yaml", left)); err == nil || !strings.Contains(err.Error(), asked) {
			t.Errorf("without it, %s: %v, want it to say %q", left, err, asked)
		}
	}
}

func TestEachServiceHasABudgetForDisruptionAndScalesAndSpreads(t *testing.T) {
	all := manifests(t, "production.yaml", "")
	for _, d := range of[*apps.Deployment](all) {
		own := labels.Set(d.Spec.Template.Labels)
		if !slices.ContainsFunc(of[*policy.PodDisruptionBudget](all), func(b *policy.PodDisruptionBudget) bool {
			selector, err := meta.LabelSelectorAsSelector(b.Spec.Selector)
			return err == nil && selector.Matches(own)
		}) {
			t.Errorf("%s has no budget for disruption", d.Name)
		}
		if !slices.ContainsFunc(of[*autoscaling.HorizontalPodAutoscaler](all), func(h *autoscaling.HorizontalPodAutoscaler) bool {
			return h.Spec.ScaleTargetRef.Name == d.Name && d.Spec.Replicas == nil
		}) {
			t.Errorf("%s does not scale, or says itself how many it is", d.Name)
		}
		if len(d.Spec.Template.Spec.TopologySpreadConstraints) != 2 {
			t.Errorf("%s is not spread over nodes and zones", d.Name)
		}
		if d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 {
			t.Errorf("%s goes before its successor is there", d.Name)
		}
	}
}

func TestAPodHasTheTimeThatItTakesToGo(t *testing.T) {
	for _, p := range pods(manifests(t, "production.yaml", "funding: {leave: {afterSeconds: 7, graceSeconds: 40}}")) {
		if p.kind != "Deployment" {
			continue
		}
		want := int64(5 + 20 + 15)
		if p.name == "funding" {
			want = 7 + 40 + 15
		}
		if got := *p.spec.TerminationGracePeriodSeconds; got != want {
			t.Errorf("%s is killed after %d s, want %d", p.name, got, want)
		}
	}
}

func TestAPodIsAskedWhetherItStartedIsReadyAndLivesApart(t *testing.T) {
	for _, p := range pods(manifests(t, "production.yaml", "")) {
		if p.kind != "Deployment" {
			continue
		}
		c := p.spec.Containers[0]
		got := []string{c.StartupProbe.HTTPGet.Path, c.ReadinessProbe.HTTPGet.Path, c.LivenessProbe.HTTPGet.Path}
		if !slices.Equal(got, []string{"/startz", "/readyz", "/healthz"}) {
			t.Errorf("%s is asked %v", p.name, got)
		}
	}
}
