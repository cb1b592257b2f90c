"""Speed of a loss against the libraries that users know and against the machine's limits; behind ``symloss bench``.

A run is a process of its own (`worker`), confined to as many processors as it may use threads, so that libraries whose
number of threads is fixed at start are held to it as well. In it every case is measured on its own: inputs (`inputs`)
from the declared domains, our call and one candidate per library (`candidates`), results compared before anything is
timed (`agreement`), then rounds in which all candidates take turns (`timing`), the loop that only moves the data among
them (`limits`). What other libraries call a loss is data, one record per function, in `peers`. `boosting` compares
training times, `confident` relative errors at confident predictions.
"""
