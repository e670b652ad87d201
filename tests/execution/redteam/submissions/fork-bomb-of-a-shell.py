# statuses: ok error died timeout
# reasons: closed processes
# seconds: 1
# answers: ok not-run
!for i in $(seq 200); do sleep 30 & done; wait
