package demo

import "github.com/instead-support/instead/pkg/identity"

// Person is somebody a demo provider can sign in. Nobody here is real.
type Person struct {
	Subject string          `json:"subject"` // the provider's own name for them, the same for ever
	Name    string          `json:"name"`
	Roles   []identity.Role `json:"roles"`
	Areas   []string        `json:"areas,omitempty"` // of staff
	About   string          `json:"about,omitempty"` // what to try as them, or what would get them into work
}

// Staff are the people whom the staff provider offers. Dan Kershaw is both a
// coach and a manager, to show that nobody decides a request of their own.
var Staff = []Person{
	{"priya-shah", "Priya Shah", coach, oldham, "Add a jobseeker, take down what they need, and ask for funding."},
	{"tom-whitworth", "Tom Whitworth", coach, oldham, "See a caseload other than Priya’s, and put right a request that was sent back."},
	{"ayesha-malik", "Ayesha Malik", coach, rochdale, "See that a coach in another area does not reach Oldham’s jobseekers."},
	{"helen-barlow", "Helen Barlow", manager, oldham, "Approve, decline or send back what Oldham’s coaches ask for."},
	{"marcus-reid", "Marcus Reid", manager, both, "Decide for two areas, and import course prices."},
	{"grace-oduya", "Grace Oduya", finance, oldham, "See what was approved and is waiting to be paid."},
	{"imran-sadiq", "Imran Sadiq", finance, both, "Propose what two areas’ budgets are given; a manager or Grace confirms it."},
	{"nadia-rahman", "Nadia Rahman", auditor, both, "See what was paid and who looked at what, and that the books agree."},
	{"dan-kershaw", "Dan Kershaw", coachAndManager, oldham, "Ask for funding as a coach, then try to approve it as a manager."},
}

// Jobseekers are the people whom the public provider offers.
var Jobseekers = []Person{
	{"leanne-hargreaves", "Leanne Hargreaves", jobseeker, nil, "A kitchen porter with a chef’s job in sight, and no knives or whites of her own."},
	{"kwame-boateng", "Kwame Boateng", jobseeker, nil, "A lorry driver whose driver card and medical have lapsed."},
	{"shabnam-akhtar", "Shabnam Akhtar", jobseeker, nil, "Offered a school job that starts before the buses do."},
	{"connor-schofield", "Connor Schofield", jobseeker, nil, "A labourer who needs a site card and boots."},
	{"ewa-nowak", "Ewa Nowak", jobseeker, nil, "A dental nurse from Poland whose certificates need translating."},
	{"mohammed-iqbal", "Mohammed Iqbal", jobseeker, nil, "A taxi driver, short of the cost of a badge and a medical."},
	{"tanisha-campbell", "Tanisha Campbell", jobseeker, nil, "A care worker with two children and no childcare in the first month."},
	{"gary-ogden", "Gary Ogden", jobseeker, nil, "A fitter made redundant at 58, whose tools were stolen."},
	{"fatima-begum", "Fatima Begum", jobseeker, nil, "Sews from home, and needs an overlocker to take on paid work."},
	{"dmytro-kovalenko", "Dmytro Kovalenko", jobseeker, nil, "An electrician from Ukraine who needs the United Kingdom’s wiring regulations."},
	{"bronagh-doherty", "Bronagh Doherty", jobseeker, nil, "Starting again after prison, with an interview and nothing to wear to it."},
	{"joseph-mensah", "Joseph Mensah", jobseeker, nil, "Learning to code, on a telephone, for want of a laptop."},
	{"rosa-fernandes", "Rosa Fernandes", jobseeker, nil, "A cleaner who has been at it for three months, and is asked how it goes."},
	{"nasreen-ali", "Nasreen Ali", jobseeker, nil, "Went on the standard course, found work after it, and says what she thinks of it."},
	{"paul-hindle", "Paul Hindle", jobseeker, nil, "Knows how to sell, and went on the course that teaches it."},
	{"shazia-mirza", "Shazia Mirza", jobseeker, nil, "Wanted her first job in this country, and the course helped her."},
	{"craig-butterworth", "Craig Butterworth", jobseeker, nil, "Looks for day work that his knees can bear."},
	{"amina-yusuf", "Amina Yusuf", jobseeker, nil, "Ran a shop before, and was sent to learn how."},
	{"lee-ashworth", "Lee Ashworth", jobseeker, nil, "Looks for anything with people in it."},
}

var (
	coach           = []identity.Role{identity.Coach}
	manager         = []identity.Role{identity.Manager}
	finance         = []identity.Role{identity.Finance}
	auditor         = []identity.Role{identity.Auditor}
	coachAndManager = []identity.Role{identity.Coach, identity.Manager}
	jobseeker       = []identity.Role{identity.Jobseeker}

	oldham   = []string{"Oldham"}
	rochdale = []string{"Rochdale"}
	both     = []string{"Oldham", "Rochdale"}
)
