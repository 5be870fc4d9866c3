"""Files of other programs that are not read: the few words of Python that turn each kind into one that is.

Each kind needs a library of its own, which the people who have such files have too.
"""

from pathlib import PurePath

from wgan.files.printed import printable

# By suffix; FILE stands for the name of the file, and NAME for that of an array in it.
FOREIGN = {
    ".mat": "import numpy, scipy.io; numpy.save('rows.npy', scipy.io.loadmat(FILE)['NAME'])",
    ".wav": "import numpy, scipy.io.wavfile; numpy.save('rows.npy', scipy.io.wavfile.read(FILE)[1])",
    ".nc": "import numpy, xarray; numpy.save('rows.npy', xarray.open_dataset(FILE)['NAME'])",
    ".fits": "import numpy, astropy.io.fits; numpy.save('rows.npy', astropy.io.fits.getdata(FILE))",
    ".edf": "import numpy, mne; numpy.save('rows.npy', mne.io.read_raw_edf(FILE).get_data().T)",
    ".dcm": "import numpy, pydicom; numpy.save('rows.npy', pydicom.dcmread(FILE).pixel_array)",
    ".mp4": "import numpy, imageio.v3; numpy.save('rows.npy', imageio.v3.imread(FILE, plugin='pyav'))",
    ".pt": "import numpy, torch; numpy.save('rows.npy', torch.load(FILE, weights_only=True))",
    ".xlsx": "import pandas; pandas.read_excel(FILE).to_csv('rows.csv', index=False)",
    ".feather": "import pandas; pandas.read_feather(FILE).to_csv('rows.csv', index=False)",
    ".json": "import pandas; pandas.read_json(FILE).to_csv('rows.csv', index=False)",
    ".jsonl": "import pandas; pandas.read_json(FILE, lines=True).to_csv('rows.csv', index=False)",
    ".dta": "import pandas; pandas.read_stata(FILE).to_csv('rows.csv', index=False)",
}
ALIKE = {".xls": ".xlsx", ".netcdf": ".nc", ".nc4": ".nc", ".fit": ".fits", ".avi": ".mp4", ".mov": ".mp4"}


def how_to_convert(name: str) -> str:
    """What to do with a file of this name, in words; "" for a suffix without an entry.

    Examples:
        >>> how_to_convert("ecg.mat")
        "convert it: import numpy, scipy.io; numpy.save('rows.npy', scipy.io.loadmat('ecg.mat')['NAME'])"
    """
    suffix = PurePath(name).suffix.lower()
    words = FOREIGN.get(ALIKE.get(suffix, suffix))
    return f"convert it: {words.replace('FILE', repr(printable(name)))}" if words else ""
