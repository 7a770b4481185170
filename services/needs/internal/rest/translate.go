package rest

import (
	api "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/assessment"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
)

// or is what p points to, or else what the contract says is meant without it.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// each translates a list, which is never null on the wire.
func each[A, B any](from []A, translate func(A) B) []B {
	to := make([]B, len(from))
	for i, a := range from {
		to[i] = translate(a)
	}
	return to
}

func toPage(number, size *int) jobseeker.Page {
	return jobseeker.Page{Number: or(number, 1), Size: or(size, 25)}
}

func fromMe(m jobseeker.Me) api.Me {
	areas := m.Areas
	if areas == nil {
		areas = []string{}
	}
	return api.Me{
		PersonId: m.ID, Name: m.Name, Areas: areas, JobseekerId: m.JobseekerID, KnownAs: m.KnownAs,
		Roles: each(m.Roles, func(r identity.Role) api.Role { return api.Role(r) }),
	}
}

func fromJobseeker(j jobseeker.Jobseeker) api.Jobseeker {
	return api.Jobseeker{
		Id: j.ID, Name: j.Name, KnownAs: j.KnownAs, Email: j.Email, Phone: j.Phone, Postcode: j.Postcode,
		Area: j.Area, CoachId: j.CoachID, CoachName: j.CoachName,
		Online: j.Online(), InvitedUntil: j.InvitedUntil, CreatedAt: j.CreatedAt, Version: j.Version,
	}
}

func fromSummary(s jobseeker.Summary) api.JobseekerSummary {
	return api.JobseekerSummary{
		Id: s.ID, Name: s.Name, KnownAs: s.KnownAs, Area: s.Area, CoachId: s.CoachID, CoachName: s.CoachName,
		Online: s.Online, HasStatement: s.HasStatement, NeedsInTheWay: s.InTheWay, AssessedAt: s.AssessedAt,
	}
}

func fromCoach(c jobseeker.Coach) api.Coach { return api.Coach{Id: c.ID, Name: c.Name} }

func fromStatement(s jobseeker.Statement) api.Statement {
	return api.Statement{Id: s.ID, Words: s.Words, TakenDownByCoach: s.TakenDown, CoachName: s.CoachName, At: s.At}
}

func fromLook(l jobseeker.Look) api.AuditEntry {
	return api.AuditEntry{
		At: l.At, PersonId: l.Person, PersonName: l.PersonName,
		Action: l.Action, Subject: l.Subject, SubjectId: l.SubjectID,
	}
}

func fromAssessment(a assessment.Assessment) api.Assessment {
	return api.Assessment{JobseekerId: a.JobseekerID, Version: a.Version, At: a.At, ByName: a.ByName, Needs: each(a.Needs, fromNeed)}
}

func fromNeed(n assessment.Need) api.Need {
	return api.Need{
		Id: n.ID, Category: api.Category(n.Category), Standing: api.Standing(n.Standing),
		InTheWay: n.InTheWay, WouldRemove: n.WouldRemove, Supports: each(n.Supports, fromSupport),
	}
}

func fromSupport(s assessment.Support) api.Support {
	return api.Support{RequestId: s.RequestID, Reference: s.Reference, State: s.State}
}

func fromVersion(v assessment.Version) api.AssessmentVersion {
	return api.AssessmentVersion{Version: v.Number, At: v.At, ByName: v.ByName, Changed: each(v.Changed, fromAnswer)}
}

func fromAnswer(a assessment.Answer) api.Answer {
	return api.Answer{
		Category: api.Category(a.Category), Standing: api.Standing(a.Standing),
		InTheWay: a.InTheWay, WouldRemove: a.WouldRemove,
	}
}
