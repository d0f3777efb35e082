// SPDX-License-Identifier: MIT

// The showcase in Go: the scenes of ../scenes.c, played and counted in the same way.
// It is given the path of the program in C, which ends the blocks from outside.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	times    = 7
	block    = 50 * time.Millisecond
	page     = 4096
	nrScenes = 6
)

const (
	scenePipe = iota
	sceneFault
	sceneMutex
	sceneNanosleep
	sceneFlock
	sceneLoop
)

// What there is to block on, and who ends it.
var stage struct {
	request, ack int
	pipe         int
	pages        []byte // nil: no userfaultfd
	lock         int
	loops        int
}

type count struct {
	done    atomic.Bool
	last    atomic.Int64
	longest int64
	n       int64
	ended   sync.WaitGroup
}

var (
	began       = time.Now()
	countsPerNs float64 // undisturbed
	sink        atomic.Int64
)

func now() int64 {
	return int64(time.Since(began))
}

// Calls nothing.
func spin(loops int) int {
	x := 1
	for i := 0; i < loops; i++ {
		x = x*31 + i
	}
	return x
}

func (c *count) once() {
	sink.Store(int64(spin(200)))
	t := now()
	if gap := t - c.last.Load(); gap > c.longest {
		c.longest = gap
	}
	c.last.Store(t)
	c.n++
}

func (c *count) untilDone() {
	for !c.done.Load() {
		c.once()
	}
	c.ended.Done()
}

func (c *count) forAWhile() {
	begin := now()
	c.last.Store(begin)
	for c.last.Load()-begin < int64(block) {
		c.once()
	}
	c.ended.Done()
}

func median(values []int64) int64 {
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	return values[len(values)/2]
}

func playBase() int64 {
	var stall, n []int64
	for i := 0; i < times; i++ {
		var c count
		c.ended.Add(1)
		go c.forAWhile()
		c.ended.Wait()
		stall = append(stall, c.longest)
		n = append(n, c.n)
	}
	countsPerNs = float64(median(n)) / float64(block)
	return median(stall)
}

func askEnder(what byte) {
	b := []byte{what}
	if _, err := syscall.Write(stage.request, b); err != nil {
		log.Fatal(err)
	}
	if n, err := syscall.Read(stage.ack, b); n != 1 {
		log.Fatal("the ender has gone: ", err)
	}
}

func prepare(scene int) {
	switch scene {
	case scenePipe:
		askEnder('p')
	case sceneFault:
		askEnder('f')
	case sceneMutex:
		storeTidyUp(int(block / time.Millisecond))
	case sceneFlock:
		askEnder('l')
	}
}

func blockIn(scene, i int) {
	switch scene {
	case scenePipe:
		if n, err := syscall.Read(stage.pipe, make([]byte, 1)); n != 1 {
			log.Fatal("read: ", err)
		}
	case sceneFault:
		sink.Store(int64(stage.pages[i*page]))
	case sceneMutex:
		storePut(i)
	case sceneNanosleep:
		ts := syscall.NsecToTimespec(int64(block))
		for syscall.Nanosleep(&ts, &ts) == syscall.EINTR {
		}
	case sceneFlock:
		for syscall.Flock(stage.lock, syscall.LOCK_EX) == syscall.EINTR {
		}
		syscall.Flock(stage.lock, syscall.LOCK_UN)
	case sceneLoop:
		sink.Store(int64(spin(stage.loops)))
	}
}

func playOnce(scene, i int) (stall, permille int64) {
	var c count
	prepare(scene)
	c.ended.Add(1)
	begin := now()
	c.last.Store(begin)
	go c.untilDone()
	blockIn(scene, i)
	end := now()
	c.done.Store(true)
	stall = c.longest
	if gap := end - c.last.Load(); gap > stall {
		stall = gap
	}
	permille = int64(1000 * float64(c.n) / (countsPerNs * float64(end-begin)))
	c.ended.Wait()
	return
}

func play(scene int) {
	if scene == sceneFault && stage.pages == nil || scene == sceneMutex && !haveStore {
		fmt.Printf("scene %d - -\n", scene)
		return
	}
	var stalls, permilles []int64
	for i := 0; i < times; i++ {
		stall, permille := playOnce(scene, i)
		stalls = append(stalls, stall)
		permilles = append(permilles, permille)
	}
	fmt.Printf("scene %d %d %d\n", scene, median(stalls), median(permilles))
}

func measureLoops() int {
	for loops := 1000; ; loops *= 2 {
		begin := now()
		sink.Store(int64(spin(loops)))
		if ns := now() - begin; ns > int64(block)/4 {
			return int(float64(loops) * float64(block) / float64(ns))
		}
	}
}

// userfaultfd registers the pages of the stage with a new userfaultfd, -1 if there is none.
func userfaultfd() int {
	const (
		sysUserfaultfd = 323
		uffdioAPI      = 0xc018aa3f
		uffdioRegister = 0xc020aa00
	)
	fd, _, errno := syscall.Syscall(sysUserfaultfd, 0, 0, 0)
	if errno != 0 {
		return -1
	}
	pages, err := syscall.Mmap(-1, 0, times*page, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		log.Fatal(err)
	}
	api := [3]uint64{0xaa}
	reg := [4]uint64{uint64(uintptr(unsafe.Pointer(&pages[0]))), times * page, 1}
	_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, uffdioAPI, uintptr(unsafe.Pointer(&api)))
	if errno == 0 {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, uffdioRegister,
			uintptr(unsafe.Pointer(&reg)))
	}
	if errno != 0 {
		log.Fatal("userfaultfd: ", errno)
	}
	stage.pages = pages
	return int(fd)
}

func mustPipe() (r, w int) {
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
		log.Fatal(err)
	}
	return p[0], p[1]
}

// setStage starts the ender, a process: a goroutine would need the processor too.
func setStage(program string) {
	lock, err := os.CreateTemp("", "showcase.")
	if err != nil {
		log.Fatal(err)
	}
	requestR, requestW := mustPipe()
	ackR, ackW := mustPipe()
	pipeR, pipeW := mustPipe()
	stage.request, stage.ack, stage.pipe, stage.lock = requestW, ackR, pipeR, int(lock.Fd())

	files := []*os.File{os.NewFile(uintptr(requestR), "request"),
		os.NewFile(uintptr(ackW), "ack"), os.NewFile(uintptr(pipeW), "pipe")}
	uffd := "-1"
	if fd := userfaultfd(); fd >= 0 {
		files = append(files, os.NewFile(uintptr(fd), "userfaultfd"))
		uffd = "6"
	}
	cmd := exec.Command(program, "--ender", "3", "4", "5", uffd, lock.Name())
	cmd.ExtraFiles = files
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	storeOpen()
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: showcase-go PATH-OF-SHOWCASE")
	}
	runtime.GOMAXPROCS(1)
	setStage(os.Args[1])
	stage.loops = measureLoops()
	fmt.Printf("base %d\n", playBase())
	for scene := 0; scene < nrScenes; scene++ {
		play(scene)
	}
}
