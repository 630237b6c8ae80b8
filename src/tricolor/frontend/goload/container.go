package main

import (
	"encoding/binary"
	"errors"
	"os"
	"syscall"
)

// The typed-program file:
//
//	"tricolor typed program 3\n"
//	sections, one after another
//	footer: one JSON object {"name": [offset, bytes], ...}
//	length of the footer in bytes (8 bytes, little endian)
//
// A table T is two sections: "T", its JSON records, joined, and "T.index", n+1 offsets into "T", 8
// bytes each, little endian.
const magic = "tricolor typed program 3\n"

// table collects records.
type table struct {
	data    jsonWriter
	flushed uint64 // number of bytes that flushTo has moved from data to the file
	offsets []uint64
}

// flushBytes is the size from which a streamed table is written to the file. One growing buffer for all
// bodies would be copied many times and touch several times its memory.
const flushBytes = 1 << 20

func newTable() *table { return &table{offsets: []uint64{0}} }

// end ends the record that the caller appended to data, and returns its index.
func (t *table) end() int {
	t.offsets = append(t.offsets, t.flushed+uint64(len(t.data.buf)))
	return len(t.offsets) - 2
}

// flushTo writes the records so far to the file if there are enough of them. No other section may be
// written until the table is added, since a section is contiguous.
func (t *table) flushTo(c *container) {
	if len(t.data.buf) >= flushBytes {
		c.write(t.data.buf)
		t.flushed += uint64(len(t.data.buf))
		t.data.buf = t.data.buf[:0]
	}
}

func (t *table) len() int { return len(t.offsets) - 1 }

// container writes the file. It keeps the first error, and close reports it.
type container struct {
	file   *os.File
	offset int
	footer jsonWriter
	err    error
}

func createContainer(path string) *container {
	file, err := os.Create(path)
	if err != nil {
		fail("%v", err)
	}
	c := &container{file: file}
	c.write([]byte(magic))
	return c
}

func (c *container) write(data []byte) {
	if c.err == nil {
		_, c.err = c.file.Write(data)
	}
	c.offset += len(data)
}

func (c *container) section(name string, data []byte) { c.sectionFrom(name, 0, data) }

// sectionFrom ends a section: written bytes of it are in the file already, data is the rest.
func (c *container) sectionFrom(name string, written int, data []byte) {
	if len(c.footer.buf) == 0 {
		c.footer.raw("{")
	} else {
		c.footer.comma()
	}
	c.footer.str(name)
	c.footer.raw(":[")
	c.footer.num(c.offset - written)
	c.footer.cnum(written + len(data))
	c.footer.raw("]")
	c.write(data)
}

func (c *container) table(name string, t *table) {
	index := make([]byte, 0, 8*len(t.offsets))
	for _, offset := range t.offsets {
		index = binary.LittleEndian.AppendUint64(index, offset)
	}
	c.sectionFrom(name, int(t.flushed), t.data.buf)
	c.section(name+".index", index)
}

// discard removes the file.
func (c *container) discard() {
	c.file.Close()
	os.Remove(c.file.Name())
}

// close writes the footer. After an error it removes the file, so that no incomplete file stays.
func (c *container) close() {
	c.footer.raw("}")
	length := len(c.footer.buf)
	c.write(c.footer.buf)
	c.write(binary.LittleEndian.AppendUint64(nil, uint64(length)))
	if err := c.file.Close(); c.err == nil {
		c.err = err
	}
	if c.err == nil {
		return
	}
	os.Remove(c.file.Name())
	if errors.Is(c.err, syscall.ENOSPC) {
		fail("%s: the disk is full", c.file.Name())
	}
	fail("%v", c.err)
}
