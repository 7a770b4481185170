// Package jobseeker keeps the people who look for work: who each is and how to
// reach them, what they say in their own words, whose caseload they are on, and
// the invitation with which they link their own sign-in to their record.
//
// Names and contact details live here and nowhere else in the system. It does
// not judge what stands in anybody's way (that is assessment), and it decides
// no permission (that is policy).
package jobseeker
