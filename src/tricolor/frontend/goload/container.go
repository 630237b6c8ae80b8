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
// A table T is two sections: "T", its JSON records joined, and "T.index", n+1 offsets into it of 8
// bytes each, little endian.
const magic = "tricolor typed program 3\n"

// table collects records.
type table struct {
	data    jsonWriter
	flushed uint64 // bytes that have left data, by flushTo
	offsets []uint64
}

// flushBytes is how much a streamed table holds back: growing one buffer for all bodies would copy it
// many times and touch several times its memory.
const flushBytes = 1 << 20

func newTable() *table { return &table{offsets: []uint64{0}} }

// end closes the record that was appended to data and returns its index.
func (t *table) end() int {
	t.offsets = append(t.offsets, t.flushed+uint64(len(t.data.buf)))
	return len(t.offsets) - 2
}

// flushTo writes the records so far to the file, which no other section may interrupt until the table
// is added as one.
func (t *table) flushTo(c *container) {
	if len(t.data.buf) >= flushBytes {
		c.write(t.data.buf)
		t.flushed += uint64(len(t.data.buf))
		t.data.buf = t.data.buf[:0]
	}
}

func (t *table) len() int { return len(t.offsets) - 1 }

// container writes the file. The first error is kept and reported by close.
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

// sectionFrom ends a section of which some bytes have been written.
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

// close writes the footer. On an error the file is removed: nothing half-written stays.
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
