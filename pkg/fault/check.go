package fault

// Check gathers what is wrong with an input, so that a person is told of every
// mistake at once. The zero Check is ready to use.
type Check struct{ fields []Field }

// Want records message against the field at pointer unless ok.
func (c *Check) Want(ok bool, pointer, message string) {
	if !ok {
		c.fields = append(c.fields, Field{Pointer: pointer, Message: message})
	}
}

// Err returns an Invalid fault naming every field found wanting, or nil.
func (c *Check) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	f := New(Invalid, "Some of what you entered needs another look.")
	f.Fields = c.fields
	return f
}
